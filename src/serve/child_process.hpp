#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/core/result.hpp>

#include "net/asio_loop.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::serve {

/// What to run and in which surroundings.
struct ChildOptions {
    std::vector<std::string> argv = {};  ///< The program, found on the PATH, and its arguments.
    std::vector<std::string> environment = {};  ///< "NAME=value"; nothing else is passed on.
    std::string directory = {};                 ///< Where it runs; empty: where this process runs.
    /// Address space of each process that the command consists of (RLIMIT_AS). Absent: unlimited.
    std::optional<std::size_t> memory_bytes = {};
};

/// How a process ended: an exit status, or the signal that ended it.
struct ChildExit {
    int status = 0;
    int signal = 0;  ///< 0: it exited by itself.
    [[nodiscard]] bool succeeded() const noexcept { return status == 0 && signal == 0; }
    /// "exit status 3", "signal 9 (Killed)".
    [[nodiscard]] std::string text() const;
};

/// A child process with pipes to its stdin, stdout and stderr, in a process group of its own.
///
/// Belongs to the loop that started it; nothing here blocks. `event` is raised whenever one of the
/// calls below may have something new to say; the one coroutine that waits for it lowers it first
/// and then asks them all. When the process ends, whatever is left of its group is killed, so that
/// a child of the child can't outlive it by accident. Destroying this kills the group. REQUIRES:
/// this program ignores SIGPIPE.
class ChildProcess {
public:
    enum class Stream { kOutput, kError };

    /// kUnavailable, in words for an operator: the command doesn't exist, or the system allows no
    /// further process or descriptor.
    [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(net::AsioLoop& loop,
                                                                     const ChildOptions& options);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] Signal& event() noexcept;

    /// Writes to its stdin, as fast as it reads. What it does not read any more is dropped.
    void write(std::string_view bytes);
    /// Closes its stdin once everything has been written.
    void close_input();
    /// The bytes that `write` was given and the process has not accepted yet.
    [[nodiscard]] std::size_t unwritten() const noexcept;

    /// What it has written, up to `most` bytes; empty: nothing now.
    [[nodiscard]] std::string read(Stream stream, std::size_t most);
    /// Nothing more will come: the stream was closed, or the process has ended and everything that
    /// it had written by then was read.
    [[nodiscard]] bool ended(Stream stream) const noexcept;

    /// Absent while it runs.
    [[nodiscard]] const std::optional<ChildExit>& exit() const noexcept;
    /// Sends SIGTERM to the whole process group. When the process ends then, the rest of its group
    /// lives on until `kill`, so that it can tidy up; both streams have `ended` when it has done
    /// so.
    void terminate() noexcept;
    /// Sends SIGKILL to the whole process group.
    void kill() noexcept;

private:
    class State;
    explicit ChildProcess(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> state_;
};

/// The file that `name` means on the PATH of this process; empty: there is none that can be run.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace a2akit::serve
