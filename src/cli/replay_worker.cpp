#include "cli/replay_worker.hpp"

#include <a2akit/worker/task_context.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace a2akit::cli {
namespace {

/// Nothing when the recorded status has no message.
std::optional<AgentMessage> message_of(const TaskStatus& status) {
    if (!status.message) return std::nullopt;
    const Message& said = **status.message;
    return AgentMessage{said.parts, said.metadata, said.extensions};
}

AgentMessage message_or(std::optional<AgentMessage> message, std::string text) {
    if (message) return std::move(*message);
    return {{Part::from_text(std::move(text))}, {}, {}};
}

std::string text_of(const AgentMessage& message) {
    for (const Part& part : message.parts) {
        if (const std::string* text = part.text()) return *text;
    }
    return {};
}

Async<void> enter(TaskContext& ctx, const TaskStatus& status) {
    std::optional<AgentMessage> message = message_of(status);
    switch (status.state) {
        case TaskState::kCompleted:
            if (message) co_return co_await ctx.respond(std::move(*message));
            co_return co_await ctx.complete();
        case TaskState::kFailed:
            co_return co_await ctx.fail(message_or(std::move(message), "the recorded task failed"));
        case TaskState::kRejected:
            co_return co_await ctx.reject(
                message_or(std::move(message), "the recorded task was rejected"));
        case TaskState::kCanceled:
            co_return co_await ctx.fail("the recorded task was canceled");
        case TaskState::kInputRequired:
            co_return co_await ctx.request_input(
                message_or(std::move(message), "the recorded task waits for input"));
        case TaskState::kAuthRequired:
            co_return co_await ctx.request_auth(
                {.details = message ? text_of(*message) : std::string()});
        default:
            if (message) co_await ctx.send_status(std::move(*message));
    }
}

Async<void> emit(TaskContext& ctx, const Artifact& artifact, bool append, bool last_chunk) {
    EmitArtifact emitted = EmitArtifact::of_parts(artifact.parts);
    emitted.artifact_id = artifact.artifact_id;
    emitted.name = artifact.name;
    emitted.description = artifact.description;
    emitted.metadata = artifact.metadata;
    emitted.extensions = artifact.extensions;
    emitted.append = append;
    emitted.last_chunk = last_chunk;
    co_await ctx.emit_artifact(std::move(emitted));
}

Async<void> replay(TaskContext& ctx, const StreamResponse& event) {
    if (const auto* task = std::get_if<Task>(&event.payload)) {
        for (const Shared<Artifact>& artifact : task->artifacts)
            co_await emit(ctx, *artifact, false, false);
        co_await enter(ctx, task->status);
    } else if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload)) {
        co_await enter(ctx, status->status);
    } else if (const auto* chunk = std::get_if<TaskArtifactUpdateEvent>(&event.payload)) {
        co_await emit(ctx, *chunk->artifact, chunk->append, chunk->last_chunk);
    } else if (const auto* message = std::get_if<Message>(&event.payload)) {
        co_await ctx.reply_directly(
            AgentMessage{message->parts, message->metadata, message->extensions});
    }
}

}  // namespace

Duration pause_at(double speed, Duration span) {
    if (speed <= 0 || span <= Duration::zero()) return Duration::zero();
    return Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) / speed));
}

ReplayWorker::ReplayWorker(std::vector<RecordedEvent> events, double speed)
    : events_(std::move(events)), speed_(speed) {}

bool ReplayWorker::may_reply_directly() const noexcept {
    return std::holds_alternative<Message>(events_.front().event.payload);
}

Async<void> ReplayWorker::handle(TaskContext& ctx) {
    Duration now = events_.front().after;
    for (const RecordedEvent& one : events_) {
        const Duration pause = pause_at(speed_, one.after - now);
        now = std::max(now, one.after);
        const bool is_stopped =
            pause > Duration::zero() ? co_await ctx.cancelled_within(pause) : ctx.is_cancelled();
        if (is_stopped) co_return;
        co_await replay(ctx, one.event);
        if (ctx.turn_ended()) co_return;
    }
    co_await ctx.fail("the recording ends before its task does");
}

}  // namespace a2akit::cli
