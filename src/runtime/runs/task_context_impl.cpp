#include "runtime/runs/task_context_impl.hpp"

#include "core/handler_mark.hpp"
#include "json/utf8.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/handler_output.hpp"
#include "runtime/runs/task_logger.hpp"
#include "runtime/tasks/media_range.hpp"

#include <a2akit/protocol/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <utility>

namespace a2akit {
namespace {

// Messages in the history after the turn's own message came from an earlier attempt at the same
// turn.
void keep_only_before(std::vector<Shared<Message>>& history, const Message& message) {
    for (auto at = history.rbegin(); at != history.rend(); ++at) {
        if ((*at)->role == Role::kUser && (*at)->message_id == message.message_id) {
            history.erase(at.base() - 1, history.end());
            return;
        }
    }
}

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

template <class T>
bool out_of_reach(const Result<T>& result) noexcept {
    return !result && result.error().code == ErrorCode::kUnavailable;
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

// Every Async that a call returns goes through `awaited`. In release builds that does nothing. In
// debug builds it makes a coroutine that ends the process if it is destroyed before it was started:
// then the handler has forgotten a co_await. Otherwise the forgotten write would happen on one
// engine and not on another.
#ifdef NDEBUG
template <class T>
Async<T> awaited(const char* /*call*/, Async<T> result) noexcept {
    return result;
}
#else
/// A parameter of that coroutine, which is destroyed with it.
class Call {
public:
    Call(const char* name) noexcept : name_(name), thrown_(std::uncaught_exceptions()) {}  // NOLINT
    Call(Call&& other) noexcept
        : name_(std::exchange(other.name_, nullptr)), thrown_(other.thrown_) {}
    Call& operator=(Call&&) = delete;
    ~Call() {
        // During an exception there is no chance to await.
        if (name_ == nullptr || std::uncaught_exceptions() > thrown_) return;
        std::fprintf(
            stderr,
            "a2akit: TaskContext::%s was called and not awaited; write: co_await ctx.%s(...)\n",
            name_, name_);
        std::abort();
    }
    void begin() noexcept { name_ = nullptr; }

private:
    const char* name_;
    int thrown_;
};

template <class T>
Async<T> awaited(Call call, Async<T> result) {
    call.begin();
    co_return co_await std::move(result);
}
#endif

}  // namespace

TaskContextImpl::TaskContextImpl(WorkerNode& node, const ServedAgent& agent, Turn turn, Run&& run)
    : node_(node),
      agent_(agent),
      run_(std::move(run)),
      task_id_(run_.snapshot.id.to_string()),
      owner_{std::string(principal_of(run_.snapshot.owner)), {}},
      turn_(turn) {
    keep_only_before(run_.snapshot.history, message());
    if (run_.snapshot.cancel_by) note_cancel(*run_.snapshot.cancel_by);
}

void TaskContextImpl::lose(ErrorCode why) noexcept {
    if (lost()) return;
    lost_why_ = why;
    lost_.store(true, std::memory_order_release);
    stop_signal().set();
}

void TaskContextImpl::note_cancel(Timestamp cancel_by) noexcept {
    cancel_by_.store(std::max<std::int64_t>(1, cancel_by.time_since_epoch().count()),
                     std::memory_order_release);
    stop_signal().set();
}

bool TaskContextImpl::cancel_requested() const noexcept {
    return cancel_by_.load(std::memory_order_acquire) != 0 || (scope_ && scope_->is_cancelled());
}

bool TaskContextImpl::is_cancelled() const noexcept { return lost() || cancel_requested(); }

Async<void> TaskContextImpl::cancelled() {
    if (lost() || deadline()) return awaited("cancelled", Async<void>());
    return awaited("cancelled", wait_until_stopped());
}

Async<bool> TaskContextImpl::cancelled_within(Duration span) {
    if (lost() || deadline()) return awaited("cancelled_within", Async<bool>(true));
    return awaited("cancelled_within", wait_for_stop(Loop::current()->now() + span));
}

Async<void> TaskContextImpl::wait(Signal& done, std::optional<SteadyTime> until) {
    co_await await_stop(&done, until);
    mark_handler(id());
}

void TaskContextImpl::wake_next_waiter() noexcept {
    if (!stop_waiters_.empty()) stop_waiters_.front()->set();
}

// Not a part of await_stop, whose frame stays for as long as a handler waits.
Async<bool> TaskContextImpl::wait_on(Signal& one, Signal& other, std::optional<SteadyTime> until) {
    co_return co_await Signal::either(one, other, until);
}

Async<void> TaskContextImpl::await_stop(Signal* other, std::optional<SteadyTime> until) {
    while (stop_awaited_) {
        Signal turn;
        const auto place = stop_waiters_.insert(stop_waiters_.end(), &turn);
        bool woken = true;
        if (other == nullptr)
            woken = co_await Signal::Wait(turn, until);
        else
            woken = co_await wait_on(turn, *other, until);
        stop_waiters_.erase(place);
        if (stop_signal().is_set() || !woken) co_return;
        if (other != nullptr && other->is_set()) {
            // This coroutine was the one that waited for the stop: the next one takes its place.
            if (turn.is_set() && !stop_awaited_) wake_next_waiter();
            co_return;
        }
    }
    stop_awaited_ = true;
    if (other == nullptr)
        (void)co_await Signal::Wait(stop_signal(), until);
    else
        (void)co_await wait_on(stop_signal(), *other, until);
    stop_awaited_ = false;
    if (!stop_signal().is_set()) co_return wake_next_waiter();
    for (Signal* waiter : stop_waiters_) waiter->set();
}

Async<bool> TaskContextImpl::wait_for_stop(std::optional<SteadyTime> until) {
    detail::StopScope* const scope = co_await detail::current_scope();
    Signal* const sibling = scope != nullptr ? scope->sibling_signal() : nullptr;
    co_await await_stop(sibling, until);
    co_return co_await stopped(sibling);
}

// Does not await wait_for_stop: that frame, too, would stay for as long as the handler waits.
Async<void> TaskContextImpl::wait_until_stopped() {
    detail::StopScope* const scope = co_await detail::current_scope();
    Signal* const sibling = scope != nullptr ? scope->sibling_signal() : nullptr;
    co_await await_stop(sibling, std::nullopt);
    (void)co_await stopped(sibling);
}

Async<bool> TaskContextImpl::stopped(Signal* sibling) {
    mark_handler(id());
    if (stop_signal().is_set()) {
        co_await learn_deadline();
        co_return true;
    }
    if (sibling != nullptr && sibling->is_set()) throw Cancelled();
    co_return false;
}

// A separate coroutine, so that while a handler waits, perhaps for hours, no frame holds space for
// a snapshot.
Async<void> TaskContextImpl::learn_deadline() {
    if (lost() || deadline()) co_return;
    // The signal says only that there is a cancel; Storage has its deadline.
    const auto now = co_await node_.storage->load(id(), OwnerScope::everything(), 0, false);
    mark_handler(id());
    if (now && now->cancel_by) note_cancel(*now->cancel_by);
}

std::optional<Timestamp> TaskContextImpl::deadline() const noexcept {
    const std::int64_t at = cancel_by_.load(std::memory_order_acquire);
    if (at == 0) return std::nullopt;
    return Timestamp(Duration(at));
}

std::string_view TaskContextImpl::user_text() const noexcept {
    const auto& all = parts();
    if (all.size() == 1 && all.front().text() != nullptr) return *all.front().text();
    if (!joined_text_) joined_text_ = std::make_unique<const std::string>(message().text());
    return *joined_text_;
}

std::vector<FilePart> TaskContextImpl::files() const {
    std::vector<FilePart> files;
    for (const auto& part : parts()) {
        const auto* raw = std::get_if<RawContent>(&part.content);
        const auto* url = std::get_if<UrlContent>(&part.content);
        if (raw == nullptr && url == nullptr) continue;
        FilePart file;
        if (raw != nullptr) file.bytes = raw->bytes;
        if (url != nullptr) file.url = url->url;
        file.filename = part.filename;
        file.media_type = part.media_type;
        files.push_back(std::move(file));
    }
    return files;
}

std::vector<RawJson> TaskContextImpl::data_parts() const {
    std::vector<RawJson> data;
    for (const auto& part : parts()) {
        if (part.data() != nullptr) data.push_back(*part.data());
    }
    return data;
}

const RequestContext& TaskContextImpl::request_context() const noexcept {
    static const RequestContext kNone;
    return run_.input.context ? *run_.input.context : kNone;
}

const Dependencies& TaskContextImpl::dependencies() const noexcept {
    static const Dependencies kNone;
    return agent_.dependencies ? *agent_.dependencies : kNone;
}

bool TaskContextImpl::accepts(std::string_view media_type) const noexcept {
    const auto& accepted = run_.input.accepted_output_modes;
    return accepted.empty() ||
           std::any_of(accepted.begin(), accepted.end(), [&](const std::string& range) {
               return media_range_covers(range, media_type);
           });
}

spdlog::logger& TaskContextImpl::logger() noexcept {
    if (!logger_) logger_ = make_task_logger(log_fields());
    return *logger_;
}

std::string TaskContextImpl::log_fields() const {
    std::string fields = fmt::format("task={} turn={}", task_id_, turn_);
    if (!agent_.name.empty()) fields += " agent=" + agent_.name;
    const std::string& request = request_context().request_id;
    if (!request.empty()) fields += " request_id=" + request;
    return fields;
}

OwnerScope TaskContextImpl::owner() const { return {run_.snapshot.owner.owner, tenant(), false}; }

Async<RawJson> TaskContextImpl::load_context() {
    return awaited("load_context", detail::within(detail::never_stopped(), read_context()));
}

Async<RawJson> TaskContextImpl::read_context() {
    auto loaded = co_await node_.contexts->load_context(owner(), context_id());
    for (int tries = 1; tries < StorageEventEmitter::kTries && out_of_reach(loaded); ++tries) {
        co_await sleep_for(retry_delay(tries));
        loaded = co_await node_.contexts->load_context(owner(), context_id());
    }
    mark_handler(id());
    storage_failed_ = out_of_reach(loaded);
    co_return std::move(loaded).value_or_throw().value;
}

Async<void> TaskContextImpl::update_context(RawJson value) {
    return awaited("update_context",
                   detail::within(detail::never_stopped(), write_context(std::move(value))));
}

Async<void> TaskContextImpl::write_context(RawJson value) {
    require_json("the context", value);
    auto updated = co_await node_.contexts->update_context(owner(), context_id(), std::move(value),
                                                           std::nullopt);
    mark_handler(id());
    // Do not repeat the write: another task of the conversation may have written since.
    storage_failed_ = out_of_reach(updated);
    (void)std::move(updated).value_or_throw();
}

// -- Writing
// ----------------------------------------------------------------------------------------------------------

// If Storage answers immediately, no call here makes a coroutine frame; the handler's own frame is
// the only one.

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

Async<void> TaskContextImpl::write(TaskUpdate update) {
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

Async<void> TaskContextImpl::emit_chunk(Artifact artifact, bool append, bool last_chunk) {
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
    value.parts.push_back(Part::from_text(std::move(text)));
    return awaited("emit_text_artifact", emit_chunk(std::move(value), append, last_chunk));
}

Async<void> TaskContextImpl::emit_data_artifact(RawJson data, std::string artifact_id) {
    Artifact value;
    value.artifact_id = std::move(artifact_id);
    value.parts.push_back(Part::from_data(std::move(data)));
    return awaited("emit_data_artifact", emit_chunk(std::move(value), false, true));
}

// -- The end of the turn
// ------------------------------------------------------------------------------------------

Async<void> TaskContextImpl::complete(std::optional<std::string> text, std::string artifact_id) {
    if (!text) return awaited("complete", write_status(TaskState::kCompleted, std::nullopt));
    return awaited("complete",
                   complete_with(Part::from_text(std::move(*text)), std::move(artifact_id)));
}

Async<void> TaskContextImpl::complete_json(RawJson data, std::string artifact_id) {
    return awaited("complete_json",
                   complete_with(Part::from_data(std::move(data)), std::move(artifact_id)));
}

Async<void> TaskContextImpl::complete_with(Part part, std::string artifact_id) {
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
