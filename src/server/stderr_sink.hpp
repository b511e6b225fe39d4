#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string_view>

namespace a2akit {

/// Standard error, written to in a way that never blocks for longer than it is told.
class StderrFile {
public:
    StderrFile() noexcept;
    ~StderrFile();
    StderrFile(const StderrFile&) = delete;
    StderrFile& operator=(const StderrFile&) = delete;

    /// Writes all of `text`. False when it cannot be written, or when `deadline` has passed before
    /// it was; `deadline` is asked again every 100 ms.
    bool write(std::string_view text,
               const std::function<std::chrono::steady_clock::time_point()>& deadline) const;

private:
    explicit StderrFile(int own) noexcept;
    bool is_own_;
    int file_;
};

/// Writes `text` to stderr; gives up when it has not been writable for half a second.
void write_to_stderr(std::string_view text);

/// Writes the lines of a server's log to stderr, on the log's own thread, which waits until they
/// are read. A process that is about to end does not wait for that: see `hurry`.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// `dropped` says how many lines so far were lost on their way to this sink. These and the ones
    /// that could not be written are told in a line of their own as soon as one can be written.
    explicit StderrSink(std::function<std::size_t()> dropped);

    /// From now on, no line is waited for beyond `until`. From any thread.
    void hurry(TimePoint until) noexcept { deadline_ = until; }
    /// Waits until a flush that was asked for later than this call began has reached the sink, or
    /// until `deadline`. `ask` asks for the flush.
    void wait_for_flush(const std::function<void()>& ask, TimePoint deadline);

protected:
    void sink_it_(const spdlog::details::log_msg& message) override;
    void flush_() override;

private:
    bool write(std::string_view text) const;

    StderrFile file_;
    std::atomic<TimePoint> deadline_{TimePoint::max()};
    std::function<std::size_t()> dropped_;
    std::size_t failed_ = 0;  ///< Lines that could not be written.
    std::size_t told_ = 0;    ///< Lost lines that have been reported.
    std::mutex mutex_;
    std::condition_variable flushed_;
    unsigned flushes_ = 0;  ///< Under the mutex.
};

}  // namespace a2akit
