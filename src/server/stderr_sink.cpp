#include "server/stderr_sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/details/log_msg.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <string>
#include <utility>

namespace a2akit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLook(100);  // how soon a new deadline is noticed
constexpr milliseconds kPatience(500);

/// A pipe's O_NONBLOCK belongs to every process that shares its open description, the shell that
/// started this one among them. So the flag is set on our own description; -1: there is none.
int open_own_pipe() noexcept {
    struct stat status{};
    if (::fstat(STDERR_FILENO, &status) != 0 || !S_ISFIFO(status.st_mode)) return -1;
    return ::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

/// At most PIPE_BUF bytes: a file that poll(2) calls writable accepts this many without blocking.
ssize_t write_some(int file, std::string_view text) noexcept {
    text = text.substr(0, PIPE_BUF);
    const ssize_t sent = ::send(file, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && errno == ENOTSOCK ? ::write(file, text.data(), text.size()) : sent;
}

}  // namespace

StderrFile::StderrFile() noexcept : StderrFile(open_own_pipe()) {}

StderrFile::StderrFile(int own) noexcept
    : is_own_(own >= 0), file_(own >= 0 ? own : STDERR_FILENO) {}

StderrFile::~StderrFile() {
    if (is_own_) ::close(file_);
}

bool StderrFile::write(std::string_view text,
                       const std::function<steady_clock::time_point()>& deadline) const {
    while (!text.empty()) {
        const auto left = std::chrono::ceil<milliseconds>(
            std::min<steady_clock::duration>(deadline() - steady_clock::now(), kLook));
        pollfd writable{file_, POLLOUT, 0};
        if (::poll(&writable, 1, std::max(static_cast<int>(left.count()), 0)) > 0) {
            const ssize_t written = write_some(file_, text);
            if (written > 0)
                text.remove_prefix(static_cast<std::size_t>(written));
            else if (written < 0 && errno != EAGAIN && errno != EINTR)
                return false;
        }
        if (!text.empty() && steady_clock::now() >= deadline()) return false;
    }
    return true;
}

void write_to_stderr(std::string_view text) {
    const auto end = steady_clock::now() + kPatience;
    StderrFile().write(text, [end] { return end; });
}

StderrSink::StderrSink(std::function<std::size_t()> dropped) : dropped_(std::move(dropped)) {}

bool StderrSink::write(std::string_view text) const {
    return file_.write(text, [this] { return deadline_.load(); });
}

void StderrSink::sink_it_(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (!write({line.data(), line.size()})) {
        ++failed_;
        return;
    }
    const std::size_t lost = dropped_() + failed_;
    if (lost == told_) return;
    const std::string text = "log lines_lost=" + std::to_string(lost - told_);
    line.clear();
    formatter_->format({spdlog::source_loc{}, message.logger_name, spdlog::level::warn, text},
                       line);
    if (write({line.data(), line.size()})) told_ = lost;
}

void StderrSink::flush_() {
    const std::lock_guard lock(mutex_);
    ++flushes_;
    flushed_.notify_all();
}

void StderrSink::wait_for_flush(const std::function<void()>& ask, TimePoint deadline) {
    std::unique_lock lock(mutex_);
    const unsigned before = flushes_;
    lock.unlock();
    ask();
    lock.lock();
    flushed_.wait_until(lock, deadline, [&] { return flushes_ != before; });
}

}  // namespace a2akit
