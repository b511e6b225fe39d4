#pragma once

#include <spdlog/details/log_msg_buffer.h>
#include <spdlog/sinks/sink.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace a2akit {

/// Passes the lines of a log to another sink on a thread of its own, so that no other thread waits
/// for that sink. When more lines come than it can pass on, the oldest are lost.
///
/// It takes memory for the lines that wait. spdlog's own queue takes and writes to the memory for
/// all lines that may ever wait when it is made: 3.3 MB, and a sixth of the time that a server
/// needed to start.
class LogQueue final : public spdlog::sinks::sink {
public:
    /// At most `most` lines wait. Throws std::system_error when the system allows no further
    /// thread.
    LogQueue(std::shared_ptr<spdlog::sinks::sink> to, std::size_t most);
    ~LogQueue() override { close(); }
    LogQueue(const LogQueue&) = delete;
    LogQueue& operator=(const LogQueue&) = delete;

    void log(const spdlog::details::log_msg& message) override;
    /// Returns immediately; the other sink's flush comes after the lines so far.
    void flush() override;
    /// Both are for the time before the first line.
    void set_pattern(const std::string& pattern) override { to_->set_pattern(pattern); }
    void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
        to_->set_formatter(std::move(formatter));
    }

    /// Passes on what waits and ends the thread. Lines that come later are lost. May be called
    /// again, not by two threads.
    void close();
    /// How many lines were lost so far. From any thread.
    [[nodiscard]] std::size_t lost() const;

private:
    /// A line, or nullopt: a flush.
    using Entry = std::optional<spdlog::details::log_msg_buffer>;

    void add(Entry entry);
    void run();
    void pass_on(const Entry& entry);

    const std::shared_ptr<spdlog::sinks::sink> to_;
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Entry> entries_;
    std::size_t lost_ = 0;
    bool closed_ = false;
    std::thread thread_;  ///< Last: it uses the others.
};

}  // namespace a2akit
