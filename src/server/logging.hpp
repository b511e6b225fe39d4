#pragma once

#include <memory>
#include <string>

namespace spdlog {
class formatter;
class logger;
}  // namespace spdlog

namespace a2akit {

/// A line of a server's log: time=…, level=…, and what happened, in a few words and key=value
/// pairs.
[[nodiscard]] std::unique_ptr<spdlog::formatter> make_log_formatter();

class LogQueue;
class StderrSink;

/// The log of a program that is a server: key=value lines on stderr, written by a separate thread,
/// so that no other thread waits for the terminal. While it lives it is spdlog's default logger.
///
/// When more comes than can be written, the oldest lines are lost, and a later line says how many.
class ServerLog {
public:
    /// `level` as Settings::log_level allows it. Throws std::system_error when the system allows no
    /// further thread.
    explicit ServerLog(const std::string& level);
    /// Writes what is left, for at most a second, and makes the former logger the default again.
    ~ServerLog();
    /// Returns when all lines logged so far are written, or after a second. For a process that ends
    /// without destroying its log; later lines may be lost.
    void finish();
    ServerLog(const ServerLog&) = delete;
    ServerLog& operator=(const ServerLog&) = delete;

private:
    std::shared_ptr<spdlog::logger> former_;
    std::shared_ptr<StderrSink> sink_;
    std::shared_ptr<LogQueue> queue_;
};

}  // namespace a2akit
