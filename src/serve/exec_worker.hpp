#pragma once

#include "serve/exec_run.hpp"
#include "serve/json_lines.hpp"

#include <a2akit/worker/worker.hpp>

#include <string>
#include <vector>

namespace a2akit::serve {

struct ExecOptions {
    std::vector<std::string> argv = {};
    std::string directory = {};
    /// Names of variables of this process that the command gets as well, or "NAME=value". Always
    /// among them: PATH, HOME, USER, LOGNAME, SHELL, TMPDIR, TZ, LANG and LC_*.
    std::vector<std::string> environment = {};
    std::optional<std::size_t> memory_bytes = {};
    ExecLimits limits = {};
    enum class Protocol : std::uint8_t { kText, kJsonLines };
    Protocol protocol = Protocol::kText;
};

/// Runs a command for each message (docs/guides/serve.md, exec-protocol.md). For loops of
/// net::AsioLoop only.
class ExecWorker final : public Worker {
public:
    explicit ExecWorker(ExecOptions options);
    Async<void> handle(TaskContext& ctx) override;

private:
    [[nodiscard]] ChildOptions child_options(const TaskContext& ctx) const;
    static Async<void> run_text(TaskContext& ctx, ExecRun& run);
    static Async<void> run_json_lines(TaskContext& ctx, ExecRun& run);
    struct LineOutcome {
        bool ends_turn = false;
        std::string problem = {};  ///< Why the line can't be performed; empty: it was.
    };
    static Async<LineOutcome> perform_text(TaskContext& ctx, std::string text);
    static Async<void> perform(TaskContext& ctx, CommandLine line);
    static Async<void> emit(TaskContext& ctx, CommandLine line);

    ExecOptions options_;
    std::vector<std::string> environment_;
};

/// The words of a command, divided as a shell does it: at white space, with '…', "…" and \ to keep
/// some of it. kInvalidParams for an open quote, no word at all, and for what only a shell
/// understands (| ; & < > ` $ * ? outside of quotes).
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view command);

}  // namespace a2akit::serve
