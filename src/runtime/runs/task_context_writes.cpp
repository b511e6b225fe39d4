#include "core/handler_mark.hpp"
#include "json/utf8.hpp"
#include "runtime/runs/awaited.hpp"
#include "runtime/runs/handler_output.hpp"
#include "runtime/runs/task_context_impl.hpp"

#include <a2akit/protocol/json.hpp>

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

// The calls that write. If Storage answers immediately, no call here makes a coroutine frame; the
// handler's own frame is the only one.

namespace a2akit {
namespace {

const char* why_lost(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kTaskTerminal:
            return "the task has ended meanwhile: it was canceled, or ended by force";
        case ErrorCode::kTaskNotFound:
            return "the task does not exist any more";
        case ErrorCode::kStopped:
            return "the server is stopping and has handed this run back";
        default:
            return "this run was taken over: its lease expired, or the task was ended by force";
    }
}

Async<void> let_others_run(TaskId task) {
    co_await yield();
    mark_handler(task);
}

AgentMessage text_message(std::string text) {
    AgentMessage message;
    message.parts.push_back(Part::from_text(std::move(text)));
    return message;
}

// Text that was put together from pieces has room for as much again, which the memory engine would
// keep for as long as the task.
std::string fitted(std::string text) {
    constexpr std::size_t kWorthwhile = 64;
    const std::size_t room = text.capacity() - text.size();
    if (room >= kWorthwhile && room > text.size() / 2) text.shrink_to_fit();
    return text;
}

// The content that emit_artifact was given without `parts`.
Part only_part(EmitArtifact& artifact) {
    Part part;
    if (artifact.text) part.content = TextContent{std::move(*artifact.text)};
    if (artifact.data) part.content = DataContent{std::move(*artifact.data)};
    if (artifact.bytes) part.content = RawContent{std::move(*artifact.bytes)};
    if (artifact.url) part.content = UrlContent{std::move(*artifact.url)};
    part.media_type = std::move(artifact.media_type);
    part.filename = std::move(artifact.filename);
    part.metadata = std::move(artifact.part_metadata);
    return part;
}

}  // namespace

TaskUpdate TaskContextImpl::blank_update() {
    TaskUpdate update;
    update.id = WriteId::next();
    update.guard.epoch = run_.epoch;
    update.reveal = !run_.snapshot.revealed;
    update.context_id = run_.snapshot.context_id;
    return update;
}

void TaskContextImpl::check_may_write(Ending ending) const {
    if (ending_ != Ending::kNone) {
        throw std::logic_error(
            ending != Ending::kNone
                ? "the turn has ended already: a handler makes exactly one turn-ending call"
                : "the turn has ended already: nothing can be written after a turn-ending call");
    }
    if (lost()) throw Exception(Error::about_task(lost_why_, why_lost(lost_why_), task_id_));
}

Async<void> TaskContextImpl::write(TaskUpdate&& update) {
    constexpr std::uint8_t kMaxUnbrokenWrites = 64;
    Ending ending = Ending::kNone;
    if (update.status && is_terminal(update.status->state)) ending = Ending::kTerminal;
    if (update.status && is_interrupted(update.status->state)) ending = Ending::kPaused;
    check_may_write(ending);
    auto pending = agent_.emitter->append(id(), OwnerScope::everything(), std::move(update));
    // A write that was begun is not cut short, even if the coroutine that asked for it ends early.
    if (!pending.await_ready())
        return await_write(detail::within(detail::never_stopped(), std::move(pending)), ending);
    settle(pending.await_resume(), ending);
    if (++unbroken_writes_ < kMaxUnbrokenWrites) return {};
    unbroken_writes_ = 0;
    return let_others_run(id());
}

Async<void> TaskContextImpl::await_write(AsyncResult<Appended> pending, Ending ending) {
    unbroken_writes_ = 0;
    const auto result = co_await std::move(pending);
    mark_handler(id());
    settle(result, ending);
}

void TaskContextImpl::settle(const Result<Appended>& result, Ending ending) {
    if (result) {
        run_.snapshot.revealed = true;
        ending_ = ending;
        storage_failed_ = false;
        return;
    }
    const ErrorCode code = result.error().code;
    if (code == ErrorCode::kLeaseLost || code == ErrorCode::kTaskTerminal ||
        code == ErrorCode::kTaskNotFound) {
        lose(code);
        throw Exception(Error::about_task(code, why_lost(code), task_id_));
    }
    storage_failed_ = code == ErrorCode::kUnavailable;
    throw Exception(result.error());
}

AsyncResult<Appended> TaskContextImpl::end_as(TaskState state, std::string text,
                                              std::optional<std::string> dead_letter) {
    TaskUpdate update = blank_update();
    update.status = TaskStatus{state, std::nullopt, std::nullopt};
    if (!text.empty()) update.status->message = agent_text(json::as_utf8(std::move(text)));
    update.dead_letter = std::move(dead_letter);
    return agent_.emitter->append(id(), OwnerScope::everything(), std::move(update));
}

Async<void> TaskContextImpl::save_checkpoint(RawJson value) {
    return awaited("save_checkpoint", write_checkpoint(std::move(value)));
}

Async<void> TaskContextImpl::write_checkpoint(RawJson value) {
    require_json("the checkpoint", value);
    TaskUpdate update = blank_update();
    update.checkpoint = value;
    co_await write(std::move(update));
    run_.snapshot.checkpoint = std::move(value);
}

Message TaskContextImpl::message_without_task(AgentMessage said) const {
    if (said.parts.empty()) throw std::invalid_argument("a message needs at least one part");
    require_sendable(said.parts);
    require_object("the metadata of a message", said.metadata);
    for (const std::string& extension : said.extensions) require_utf8("an extension", extension);
    Message message;
    message.message_id = Uuid::generate().to_string();
    message.context_id = context_id();
    message.role = Role::kAgent;
    message.parts = std::move(said.parts);
    message.metadata = std::move(said.metadata);
    message.extensions = std::move(said.extensions);
    return message;
}

Shared<Message> TaskContextImpl::agent_message(AgentMessage said) const {
    Message message = message_without_task(std::move(said));
    message.task_id = task_id_;
    return message;
}

Shared<Message> TaskContextImpl::agent_text(std::string text) const {
    return agent_message(text_message(std::move(text)));
}

Async<void> TaskContextImpl::write_status(TaskState state, std::optional<Shared<Message>> message) {
    TaskUpdate update = blank_update();
    update.status = TaskStatus{state, std::move(message), std::nullopt};
    return write(std::move(update));
}

Async<void> TaskContextImpl::send_status(std::string text) {
    return awaited("send_status", write_progress(agent_text(std::move(text))));
}

Async<void> TaskContextImpl::send_status(AgentMessage message) {
    return awaited("send_status", write_progress(agent_message(std::move(message))));
}

Async<void> TaskContextImpl::write_progress(Shared<Message> message) {
    TaskUpdate update = blank_update();
    update.history.push_back(message);
    update.status = TaskStatus{TaskState::kWorking, std::move(message), std::nullopt};
    return write(std::move(update));
}

bool TaskContextImpl::came_before(const std::string& artifact_id) const {
    const auto same = [&](const Shared<Artifact>& one) { return one->artifact_id == artifact_id; };
    return std::any_of(previous_artifacts().begin(), previous_artifacts().end(), same);
}

Async<void> TaskContextImpl::emit_chunk(Artifact&& artifact, bool append, bool last_chunk) {
    require_sendable(artifact);
    // Clients drop chunks that append to an artifact that they have not seen.
    const bool first = emitted_.insert(artifact.artifact_id).second;
    if (append && first) append = came_before(artifact.artifact_id);
    TaskUpdate update = blank_update();
    update.artifacts.push_back({std::move(artifact), append, last_chunk, {}});
    return write(std::move(update));
}

Async<void> TaskContextImpl::emit_artifact(EmitArtifact artifact) {
    const int given =
        static_cast<int>(artifact.text.has_value()) + static_cast<int>(artifact.data.has_value()) +
        static_cast<int>(artifact.bytes.has_value()) + static_cast<int>(artifact.url.has_value()) +
        static_cast<int>(!artifact.parts.empty());
    if (given != 1) {
        throw std::invalid_argument(fmt::format(
            "emit_artifact needs exactly one of text, data, bytes, url and parts; {} were given",
            given));
    }
    if (artifact.parts.empty()) {
        artifact.parts.push_back(only_part(artifact));
    } else if (!artifact.media_type.empty() || !artifact.filename.empty() ||
               !artifact.part_metadata.empty()) {
        throw std::invalid_argument(
            "emit_artifact: with parts, each part has a media_type, filename and metadata of its "
            "own");
    }
    Artifact value;
    value.artifact_id = std::move(artifact.artifact_id);
    value.name = std::move(artifact.name);
    value.description = std::move(artifact.description);
    value.metadata = std::move(artifact.metadata);
    value.extensions = std::move(artifact.extensions);
    value.parts = std::move(artifact.parts);
    return awaited("emit_artifact",
                   emit_chunk(std::move(value), artifact.append, artifact.last_chunk));
}

Async<void> TaskContextImpl::emit_text_artifact(std::string text, std::string artifact_id,
                                                bool append, bool last_chunk) {
    Artifact value;
    value.artifact_id = std::move(artifact_id);
    value.parts.push_back(Part::from_text(fitted(std::move(text))));
    return awaited("emit_text_artifact", emit_chunk(std::move(value), append, last_chunk));
}

Async<void> TaskContextImpl::emit_data_artifact(RawJson data, std::string artifact_id) {
    Artifact value;
    value.artifact_id = std::move(artifact_id);
    value.parts.push_back(Part::from_data(std::move(data)));
    return awaited("emit_data_artifact", emit_chunk(std::move(value), false, true));
}

// -- The end of the turn

Async<void> TaskContextImpl::complete(std::optional<std::string> text, std::string artifact_id) {
    if (!text) return awaited("complete", write_status(TaskState::kCompleted, std::nullopt));
    return awaited("complete", complete_with(Part::from_text(fitted(std::move(*text))),
                                             std::move(artifact_id)));
}

Async<void> TaskContextImpl::complete_json(RawJson data, std::string artifact_id) {
    return awaited("complete_json",
                   complete_with(Part::from_data(std::move(data)), std::move(artifact_id)));
}

Async<void> TaskContextImpl::complete_with(Part&& part, std::string artifact_id) {
    Artifact artifact;
    artifact.artifact_id = std::move(artifact_id);
    artifact.parts.push_back(std::move(part));
    require_sendable(artifact);
    TaskUpdate update = blank_update();
    update.artifacts.push_back({std::move(artifact), false, true, {}});
    update.status = TaskStatus{TaskState::kCompleted, std::nullopt, std::nullopt};
    return write(std::move(update));
}

Async<void> TaskContextImpl::respond(std::string text) {
    return respond(text_message(std::move(text)));
}

Async<void> TaskContextImpl::respond(AgentMessage message) {
    return awaited("respond",
                   write_status(TaskState::kCompleted, agent_message(std::move(message))));
}

Async<void> TaskContextImpl::reply_directly(std::string text) {
    return reply_directly(text_message(std::move(text)));
}

Async<void> TaskContextImpl::reply_directly(std::vector<Part> parts) {
    AgentMessage message;
    message.parts = std::move(parts);
    return reply_directly(std::move(message));
}

Async<void> TaskContextImpl::reply_directly(AgentMessage message) {
    return awaited("reply_directly", write_reply(std::move(message)));
}

Async<void> TaskContextImpl::write_reply(AgentMessage reply) {
    if (!agent_.worker->may_reply_directly()) {
        throw std::logic_error(
            "reply_directly needs a worker whose may_reply_directly() returns true; to end a task "
            "with a message, use respond");
    }
    if (reply.parts.empty()) throw std::invalid_argument("a direct reply needs at least one part");
    if (run_.snapshot.revealed)
        return write_status(TaskState::kCompleted, agent_message(std::move(reply)));
    Shared<Message> message = message_without_task(std::move(reply));
    check_may_write(Ending::kTerminal);
    TaskUpdate update = blank_update();
    update.reveal = false;
    update.reply = message;
    update.status = TaskStatus{TaskState::kCompleted, std::nullopt, std::nullopt};
    auto pending = agent_.emitter->append(id(), OwnerScope::everything(), std::move(update));
    return await_reply(detail::within(detail::never_stopped(), std::move(pending)),
                       std::move(message));
}

Async<void> TaskContextImpl::await_reply(AsyncResult<Appended> pending, Shared<Message> message) {
    const auto result = co_await std::move(pending);
    mark_handler(id());
    if (!result && result.error().code == ErrorCode::kRevealed) {
        run_.snapshot.revealed = true;
        Message of_task = *message;
        of_task.task_id = task_id_;
        Shared<Message> told = std::move(of_task);
        co_return co_await write_status(TaskState::kCompleted, std::move(told));
    }
    settle(result, Ending::kTerminal);
    run_.snapshot.revealed = false;
}

// Failure texts often come from third-party code in an unknown encoding, so bad bytes are replaced
// rather than refused.
Async<void> TaskContextImpl::fail(std::string reason) {
    return fail(text_message(json::as_utf8(std::move(reason))));
}

Async<void> TaskContextImpl::fail(AgentMessage reason) {
    return awaited("fail", write_status(TaskState::kFailed, agent_message(std::move(reason))));
}

Async<void> TaskContextImpl::reject(std::string reason) {
    return reject(text_message(json::as_utf8(std::move(reason))));
}

Async<void> TaskContextImpl::reject(AgentMessage reason) {
    return awaited("reject", write_status(TaskState::kRejected, agent_message(std::move(reason))));
}

Async<void> TaskContextImpl::pause(TaskState state, Shared<Message> question, RawJson checkpoint) {
    TaskUpdate update = blank_update();
    if (!checkpoint.empty()) {
        require_json("the checkpoint", checkpoint);
        update.checkpoint = std::move(checkpoint);
    }
    update.history.push_back(question);
    update.status = TaskStatus{state, std::move(question), std::nullopt};
    return write(std::move(update));
}

Async<void> TaskContextImpl::request_input(std::string question, RawJson checkpoint) {
    return request_input(text_message(std::move(question)), std::move(checkpoint));
}

Async<void> TaskContextImpl::request_input(AgentMessage question, RawJson checkpoint) {
    return awaited("request_input",
                   pause(TaskState::kInputRequired, agent_message(std::move(question)),
                         std::move(checkpoint)));
}

Async<void> TaskContextImpl::request_auth(AuthRequest request, RawJson checkpoint) {
    std::string data = R"({"schemes":[)";
    for (std::size_t i = 0; i < request.schemes.size(); ++i) {
        if (i != 0) data += ',';
        data += json_string(request.schemes[i]).text();
    }
    data += R"(],"url":)" + json_string(request.url).text() + '}';
    AgentMessage message = text_message(std::move(request.details));
    message.parts.push_back(Part::from_data(RawJson(std::move(data))));
    return awaited("request_auth", pause(TaskState::kAuthRequired,
                                         agent_message(std::move(message)), std::move(checkpoint)));
}

}  // namespace a2akit
