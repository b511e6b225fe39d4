#include "serve/exec_worker.hpp"

#include "serve/json_lines.hpp"

#include <a2akit/worker/task_context.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace a2akit::serve {
namespace {

using What = ExecRun::What;

// Text without a newline, such as a model's words, is passed on when the command pauses so long.
constexpr Duration kTextPause(100);

constexpr std::array<std::string_view, 8> kPassedOn{"PATH",  "HOME",   "USER", "LOGNAME",
                                                    "SHELL", "TMPDIR", "TZ",   "LANG"};

bool is_allowed(std::string_view name, const std::vector<std::string>& more) {
    return std::find(kPassedOn.begin(), kPassedOn.end(), name) != kPassedOn.end() ||
           name.starts_with("LC_") || std::find(more.begin(), more.end(), name) != more.end();
}

std::vector<std::string> allowed_environment(const std::vector<std::string>& more) {
    std::vector<std::string> allowed;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        if (is_allowed(text.substr(0, text.find('=')), more)) allowed.emplace_back(text);
    }
    for (const std::string& one : more) {
        if (one.find('=') != std::string::npos) allowed.push_back(one);
    }
    return allowed;
}

std::string variable(std::string_view name, std::string_view value) {
    // A client chooses some of the values, and no variable can hold a NUL.
    return std::string(name) + "=" + std::string(value.substr(0, value.find('\0')));
}

}  // namespace

ExecWorker::ExecWorker(ExecOptions options)
    : options_(std::move(options)), environment_(allowed_environment(options_.environment)) {}

ChildOptions ExecWorker::child_options(const TaskContext& ctx) const {
    ChildOptions child{options_.argv, environment_, options_.directory, options_.memory_bytes};
    child.environment.push_back(variable("A2A_TASK_ID", ctx.task_id()));
    child.environment.push_back(variable("A2A_CONTEXT_ID", ctx.context_id()));
    child.environment.push_back(variable("A2A_MESSAGE_ID", ctx.message_id()));
    child.environment.push_back(variable("A2A_ATTEMPT", std::to_string(ctx.attempt())));
    return child;
}

Async<void> ExecWorker::handle(TaskContext& ctx) {
    auto* loop = dynamic_cast<net::AsioLoop*>(Loop::current());
    if (loop == nullptr) throw std::logic_error("ExecWorker runs on the loops of a Server only");
    Result<std::unique_ptr<ChildProcess>> child = ChildProcess::start(*loop, child_options(ctx));
    if (!child) co_return co_await ctx.fail(child.error().message);
    ExecRun run(std::move(*child), options_.limits);
    if (options_.protocol == ExecOptions::Protocol::kJsonLines)
        co_await run_json_lines(ctx, run);
    else
        co_await run_text(ctx, run);
}

Async<void> ExecWorker::run_text(TaskContext& ctx, ExecRun& run) {
    run.child().write(ctx.user_text());
    if (!ctx.user_text().ends_with('\n')) run.child().write("\n");
    run.child().close_input();
    TextOutput output;
    bool started = false;
    for (;;) {
        ExecRun::Next next =
            co_await run.next(output.has_text() ? std::optional(kTextPause) : std::nullopt);
        std::string piece;
        output.add(next.output);
        if (next.what == What::kOutput)
            piece = output.lines();
        else if (next.what == What::kPause)
            piece = output.all();
        else
            piece = output.rest();
        if (next.what == What::kStop) co_return co_await run.stop();
        const bool last = next.what != What::kOutput && next.what != What::kPause;
        if (!piece.empty()) {
            co_await ctx.emit_text_artifact(std::move(piece), "output",
                                            std::exchange(started, true), last);
        }
        if (!last) continue;
        if (auto failure = run.failure(next.what)) co_return co_await ctx.fail(std::move(*failure));
        co_return co_await ctx.complete();
    }
}

// What a line asks for.
Async<void> ExecWorker::perform(TaskContext& ctx, CommandLine line) {
    using Type = CommandLine::Type;
    const auto message = [&line] {
        return AgentMessage{.parts = std::move(line.parts), .metadata = std::move(line.metadata)};
    };
    switch (line.type) {
        case Type::kStatus:
            return ctx.send_status(message());
        case Type::kCheckpoint:
            return ctx.save_checkpoint(std::move(line.checkpoint));
        case Type::kArtifact:
        case Type::kComplete:
            return emit(ctx, std::move(line));
        case Type::kRespond:
            return ctx.respond(message());
        case Type::kFail:
            return ctx.fail(message());
        case Type::kReject:
            return ctx.reject(message());
        case Type::kInputRequired:
            return ctx.request_input(message(), std::move(line.checkpoint));
        case Type::kAuthRequired:
            return ctx.request_auth(
                AuthRequest::of(std::move(line.text), std::move(line.schemes), line.auth_url),
                std::move(line.checkpoint));
    }
    throw std::logic_error("a line of an unknown type");
}

Async<void> ExecWorker::emit(TaskContext& ctx, CommandLine line) {
    if (!line.parts.empty()) {
        EmitArtifact artifact = EmitArtifact::of_parts(std::move(line.parts));
        artifact.artifact_id = std::move(line.artifact_id);
        artifact.name = std::move(line.name);
        artifact.description = std::move(line.description);
        artifact.append = line.append;
        artifact.last_chunk = line.last_chunk || line.type == CommandLine::Type::kComplete;
        artifact.metadata = std::move(line.metadata);
        co_await ctx.emit_artifact(std::move(artifact));
    }
    if (line.type == CommandLine::Type::kComplete) co_await ctx.complete();
}

Async<ExecWorker::LineOutcome> ExecWorker::perform_text(TaskContext& ctx, std::string text) {
    Result<CommandLine> line = read_command_line(text);
    if (!line) co_return LineOutcome{.problem = std::move(line.error().message)};
    const bool ends_turn = line->ends_turn();
    try {
        co_await perform(ctx, std::move(*line));
    } catch (const std::invalid_argument& refused) {
        co_return LineOutcome{.problem = refused.what()};
    }
    co_return LineOutcome{.ends_turn = ends_turn};
}

Async<void> ExecWorker::run_json_lines(TaskContext& ctx, ExecRun& run) {
    run.child().write(message_line(ctx));
    LineReader lines;
    for (;;) {
        ExecRun::Next next = co_await run.next();
        if (next.what == What::kStop) {
            run.child().write(cancel_line());
            co_return co_await run.finish();
        }
        lines.add(next.output);
        while (auto text = lines.next(next.what == What::kEnded)) {
            const LineOutcome outcome = co_await perform_text(ctx, std::move(*text));
            if (!outcome.problem.empty()) {
                run.child().kill();
                co_return co_await ctx.fail(
                    "line " + std::to_string(lines.number()) +
                    " of the command's output is wrong: " + outcome.problem);
            }
            if (outcome.ends_turn) co_return co_await run.finish();
        }
        if (next.what == What::kOutput) continue;
        if (auto failure = run.failure(next.what)) co_return co_await ctx.fail(std::move(*failure));
        co_return co_await ctx.complete();
    }
}

}  // namespace a2akit::serve
