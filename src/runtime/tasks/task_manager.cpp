#include "runtime/tasks/task_manager.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/agent_scope.hpp"
#include "runtime/tasks/enqueue.hpp"
#include "runtime/tasks/public_error.hpp"
#include "storage/take_task.hpp"

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

/// How often a follow-up looks again when others change the task meanwhile.
constexpr int kFollowUpTries = 8;
/// No task ever has it: a guard that only the repeat of an Idempotency-Key passes.
constexpr Revision kNoRevision = 0;

std::optional<std::int32_t> history_length(const SendMessageRequest& request) {
    return request.configuration ? request.configuration->history_length : std::nullopt;
}

/// Moves the contents of the snapshot into the response.
SendMessageResponse response_of(TaskSnapshot&& snapshot, std::optional<std::int32_t> history) {
    SendMessageResponse response;
    if (snapshot.reply)
        response.payload = **snapshot.reply;
    else
        take_task(std::move(snapshot), history, response.payload.emplace<Task>());
    return response;
}

/// Logs which request made which turn, for the operator and for a client that waits.
void note_accepted(const SendCommand& command, TaskId task, Turn turn) {
    if (command.client != nullptr) command.client->accept(command.extensions);
    if (!log::is_on(log::Level::kDebug)) return;
    log::debug("accepted task={} turn={} request_id={}", task.to_string(), turn,
               command.context ? command.context->request_id : std::string());
}

/// The agent's question, asked when it paused, belongs into the history before the answer to it.
bool forgot_question(const TaskSnapshot& task) {
    if (!task.status.message) return false;
    return task.history.empty() ||
           task.history.back()->message_id != (*task.status.message)->message_id;
}

}  // namespace

TaskManager::TaskManager(Ports ports, std::shared_ptr<EventEmitter> emitter,
                         TaskManagerOptions options)
    : ports_(std::move(ports)),
      emitter_(std::move(emitter)),
      options_(std::move(options)),
      streams_{ports_.storage, waiters_, {options_.event_buffer, options_.event_buffer_bytes}} {}

AsyncResult<SendMessageResponse> TaskManager::send(SendCommand command) {
    const auto history = history_length(command.request);
    const bool waits =
        !command.request.configuration || !command.request.configuration->return_immediately;
    OwnerScope scope = scope_for_reading(command);
    ClientPresence* const client = command.client;
    const std::string_view key_field = key_field_of(command);
    const WakeFor wake_for = waits ? WakeFor(Interest::kTurnEnds) : std::nullopt;
    AsyncResult<Accepted> accepting = accept(std::move(command), wake_for);
    Result<Accepted> accepted = co_await std::move(accepting);
    if (!accepted) co_return fail(public_error(std::move(accepted.error()), key_field));
    if (!waits && accepted->snapshot)
        co_return response_of(std::move(*accepted->snapshot), history);

    if (waits && !accepted->turn_ended) {
        Result<void> waited = co_await await_turn(*accepted, client);
        const bool can_be_told = client == nullptr || !client->committed_to_result();
        if (!waited && can_be_told) co_return fail(std::move(waited.error()));
        // The client has gone, so do not reveal the task just to answer it.
        if (client != nullptr && client->gone())
            co_return fail(ErrorCode::kUnavailable, "the client has left");
    }
    // Left where it was made, if it is there already: a snapshot is large.
    AsyncResult<TaskSnapshot> loading = ports_.storage->load(accepted->task, scope, history);
    if (!loading.await_ready()) loading = co_await std::move(loading);
    Result<TaskSnapshot>& now = *loading.ready();
    if (now && !now->revealed && !now->reply) {
        // There was no direct reply in time; from here on the task is the answer. A reply may still
        // win the race.
        co_await reveal(accepted->task);
        now = co_await ports_.storage->load(accepted->task, scope, history);
    }
    if (!now) co_return fail(public_error(std::move(now.error())));
    co_return response_of(std::move(*now), history);
}

AsyncResult<void> TaskManager::await_turn(const Accepted& accepted, ClientPresence* client) {
    Subscription& subscription = *accepted.subscription;
    Signal& signal = subscription.signal();
    const Waiters::Entry waiter(waiters_, signal);
    const ClientPresence::Entry client_waits(client, signal);
    std::optional<SteadyTime> until;
    if (options_.blocking_timeout) until = Loop::current()->now() + *options_.blocking_timeout;
    std::optional<SteadyTime> queue_until;
    if (!accepted.queued) queue_until = Loop::current()->now() + options_.queue_patience;
    unsigned outages = waiters_.outages();
    while (true) {
        signal.reset();
        if (subscription.ended_turn() >= accepted.turn || waiters_.draining())
            co_return Result<void>();
        if (client != nullptr && client->gone()) co_return Result<void>();
        const bool outage = std::exchange(outages, waiters_.outages()) != waiters_.outages();
        // A tail check may report "no such task" to a subscriber that registered before the task
        // was created.
        if (outage || subscription.erased()) {
            Result<TaskSnapshot> now =
                co_await ports_.storage->load(accepted.task, OwnerScope::everything(), 0, false);
            if (!now && now.error().code == ErrorCode::kTaskNotFound) co_return Result<void>();
            if (!now && outage) co_return fail(public_error(std::move(now.error())));
        }
        const bool queue_first = queue_until && (!until || *queue_until < *until);
        if (co_await Signal::Wait(signal, queue_first ? queue_until : until)) continue;
        if (!queue_first) co_return Result<void>();
        queue_until.reset();
        const Result<bool> begun = co_await has_begun(accepted.task, accepted.turn);
        if (!begun) co_return fail(public_error(begun.error()));
        if (!*begun) co_return fail(not_queued_error(accepted.task));
    }
}

AsyncResult<bool> TaskManager::has_begun(TaskId task, Turn turn) {
    const Result<TaskSnapshot> now =
        co_await ports_.storage->load(task, OwnerScope::everything(), 0, false);
    if (!now && now.error().code == ErrorCode::kTaskNotFound) co_return true;
    if (!now) co_return fail(now.error());
    co_return now->live_run || now->turn > turn || now->turn_ended;
}

AsyncResult<std::unique_ptr<EventStream>> TaskManager::send_streaming(SendCommand command) {
    const auto history = history_length(command.request);
    OwnerScope scope = command.scope;
    const std::string_view key_field = key_field_of(command);
    AsyncResult<Accepted> accepting = accept(std::move(command), Interest::kEveryEvent);
    Result<Accepted> accepted = co_await std::move(accepting);
    if (!accepted) co_return fail(public_error(std::move(accepted.error()), key_field));
    if (!accepted->snapshot || !accepted->snapshot->revealed) {
        Result<TaskSnapshot> snapshot = co_await settle(accepted->task, *accepted->subscription);
        if (!snapshot) co_return fail(public_error(std::move(snapshot.error())));
        accepted->snapshot = std::move(*snapshot);
    }
    const TaskSnapshot& snapshot = *accepted->snapshot;
    if (snapshot.reply) co_return TaskStream::of_reply(snapshot);
    TaskStream::Start start{
        accepted->task, snapshot.context_id, std::move(scope), StreamKind::kSend, 0, history};
    auto stream =
        std::make_unique<TaskStream>(streams_, std::move(start), std::move(accepted->subscription));
    stream->begin_with(snapshot, accepted->turn_ended);
    co_return std::unique_ptr<EventStream>(std::move(stream));
}

AsyncResult<TaskManager::Accepted> TaskManager::accept(SendCommand&& command, WakeFor wake_for) {
    if (refuses()) return Error{ErrorCode::kStopped, "the server is stopping", nullptr};
    if (const auto* config = push_config(command)) {
        if (auto refused =
                options_.push->refuse(*config, "configuration.taskPushNotificationConfig."))
            return std::move(*refused);
    }
    if (!command.request.message.reference_task_ids.empty())
        return accept_with_references(std::move(command), wake_for);
    return accept_message(std::move(command), wake_for);
}

AsyncResult<TaskManager::Accepted> TaskManager::accept_with_references(SendCommand&& command,
                                                                       WakeFor wake_for) {
    for (const std::string& id : command.request.message.reference_task_ids) {
        const auto task = TaskId::parse(id);
        if (!task) co_return task_not_found(id);
        Result<TaskSnapshot> found = co_await ports_.storage->load(*task, command.scope, 0, false);
        if (!found) co_return fail(std::move(found.error()));
    }
    AsyncResult<Accepted> accepting = accept_message(std::move(command), wake_for);
    co_return co_await std::move(accepting);
}

AsyncResult<TaskManager::Accepted> TaskManager::accept_message(SendCommand&& command,
                                                               WakeFor wake_for) {
    const std::string& named = command.request.message.task_id;
    if (named.empty()) return start_task(std::move(command), wake_for);
    const auto task = TaskId::parse(named);
    if (!task) return task_not_found(named);
    return continue_task(command, *task, wake_for);
}

AsyncResult<TaskManager::Accepted> TaskManager::start_task(SendCommand&& command,
                                                           WakeFor wake_for) {
    Accepted accepted;
    const OwnerScope owner = std::move(command.scope);
    accepted.task = TaskId::generate();
    if (wake_for) {
        auto subscription = co_await ports_.event_bus->subscribe(accepted.task, *wake_for);
        if (!subscription) co_return fail(std::move(subscription.error()));
        accepted.subscription = std::move(*subscription);
    } else {
        accepted.unanswered = answer_first(command, accepted.task);
    }
    auto key = once(command);
    Message& message = command.request.message;
    message.task_id = accepted.task.to_string();
    if (message.context_id.empty()) message.context_id = Uuid::generate().to_string();
    // A client that does not wait gets the task, so a direct reply is no longer possible.
    NewTask fresh{accepted.task, message.context_id, !options_.may_reply_directly || !wake_for,
                  wake_for != Interest::kTurnEnds};
    Shared<Message> first(std::move(message));
    TaskUpdate update = turn_update(command, std::move(first));
    update.once = std::move(key);
    Result<ContextVault::Offer> offer = pack_context(update, command, accepted.task, 1);
    if (!offer) co_return fail(std::move(offer.error()));

    Result<Created> created = co_await emitter_->create(std::move(fresh), owner, std::move(update));
    if (!created) co_return fail(std::move(created.error()));
    const Appended& appended = created->appended;
    if (appended.task == accepted.task) offer->made();
    if (appended.repeated) co_return co_await join(command, appended.task, appended.turn, wake_for);
    accepted.turn = appended.turn;
    AsyncResult<void> attaching = attach_push(command, accepted.task, appended.first - 1);
    const Result<void> attached = co_await std::move(attaching);
    if (!attached) co_return fail(attached.error());
    note_accepted(command, accepted.task, accepted.turn);
    if (appended.turn_due) accepted.queued = co_await enqueue(accepted.task, appended.turn, owner);
    accepted.snapshot = std::move(created->snapshot);
    co_return accepted;
}

AsyncResult<void> TaskManager::attach_push(const SendCommand& command, TaskId task,
                                           Sequence after) const {
    const auto* config = push_config(command);
    if (config == nullptr) return Result<void>();
    return options_.push->attach(task, *config, command.version, after);
}

TaskUpdate TaskManager::follow_up_update(const SendCommand& command,
                                         const TaskSnapshot& task) const {
    Message message = command.request.message;
    message.task_id = task.id.to_string();
    message.context_id = task.context_id;
    TaskUpdate update = turn_update(command, Shared<Message>(std::move(message)));
    if (forgot_question(task)) {
        update.history.insert(update.history.begin(), *task.status.message);
    }
    update.context_id = task.context_id;
    return update;
}

AsyncResult<TaskManager::Accepted> TaskManager::continue_task(const SendCommand& command,
                                                              TaskId task, WakeFor wake_for) {
    Accepted accepted;
    accepted.task = task;
    if (wake_for) {
        auto subscription = co_await ports_.event_bus->subscribe(task, *wake_for);
        if (!subscription) co_return fail(std::move(subscription.error()));
        accepted.subscription = std::move(*subscription);
    } else {
        accepted.unanswered = answer_first(command, task);
    }
    const auto key = once(command);
    for (int tries = 0; tries < kFollowUpTries; ++tries) {
        Result<TaskSnapshot> now = co_await ports_.storage->load(task, command.scope, 1, false);
        if (!now) co_return fail(std::move(now.error()));
        const FollowUpFacts facts{now->status.state, now->context_id,
                                  command.request.message.context_id};
        const auto refusal = refuse_follow_up(task, facts);
        if (refusal && (!key || refusal->code == ErrorCode::kInvalidParams)) co_return *refusal;

        TaskUpdate update = follow_up_update(command, *now);
        update.once = key;
        update.guard.revision = refusal ? kNoRevision : now->revision;
        // The guard makes sure of the turn's number; a repeat has its context already.
        const Turn next = now->turn + 1;
        ContextVault::Offer offer;
        if (!refusal) {
            // Before the turn: a configuration too many refuses the message.
            AsyncResult<void> attaching = attach_push(command, task, now->last_sequence);
            const Result<void> attached = co_await std::move(attaching);
            if (!attached) co_return fail(attached.error());
            auto packed = pack_context(update, command, task, next);
            if (!packed) co_return fail(std::move(packed.error()));
            offer = std::move(*packed);
        }
        Result<Appended> appended =
            co_await emitter_->append(task, command.scope, std::move(update));
        // Also when the request is a repeat: the answer to its first try may have been lost.
        if (appended && appended->turn == next) offer.made();
        if (appended && appended->repeated) {
            co_return co_await join(command, task, appended->turn, wake_for);
        }
        if (appended) {
            accepted.turn = appended->turn;
            note_accepted(command, task, accepted.turn);
            if (appended->turn_due) {
                accepted.queued = co_await enqueue(task, appended->turn, command.scope);
            }
            co_return accepted;
        }
        const ErrorCode code = appended.error().code;
        const bool moved_on =
            code == ErrorCode::kRevisionConflict || code == ErrorCode::kTaskTerminal;
        if (!moved_on) co_return fail(std::move(appended.error()));
        if (refusal) co_return *refusal;
    }
    co_return fail(ErrorCode::kRevisionConflict, "the task keeps changing");
}

AsyncResult<TaskManager::Accepted> TaskManager::join(const SendCommand& command, TaskId task,
                                                     Turn turn, WakeFor wake_for) {
    Accepted accepted;
    accepted.task = task;
    accepted.turn = turn;
    if (wake_for) {
        auto subscription = co_await ports_.event_bus->subscribe(task, *wake_for);
        if (!subscription) co_return fail(std::move(subscription.error()));
        accepted.subscription = std::move(*subscription);
    }
    Result<TaskSnapshot> now = co_await ports_.storage->load(task, OwnerScope::everything());
    if (!now) co_return fail(std::move(now.error()));
    if (const auto* config = push_config(command)) {
        AsyncResult<void> attaching = options_.push->attach_once(task, *config, command.version);
        const Result<void> attached = co_await std::move(attaching);
        if (!attached) co_return fail(attached.error());
    }
    const TurnFacts facts{turn, now->turn, now->turn_ended, now->status.state};
    accepted.turn_ended = turn_has_ended(facts);
    if (command.client != nullptr) command.client->accept(command.extensions);
    accepted.snapshot = std::move(*now);
    co_return accepted;
}

TaskUpdate TaskManager::turn_update(const SendCommand& command, Shared<Message> message) const {
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kSubmitted, std::nullopt, std::nullopt};
    update.history.push_back(message);
    TurnInput& input = update.turn.emplace();
    input.message = std::move(message);
    input.metadata = command.request.metadata;
    if (command.request.configuration) {
        input.accepted_output_modes = command.request.configuration->accepted_output_modes;
    }
    input.extensions = command.extensions;
    return update;
}

Result<ContextVault::Offer> TaskManager::pack_context(TaskUpdate& update,
                                                      const SendCommand& command, TaskId task,
                                                      Turn turn) const {
    if (options_.vault) return options_.vault->pack(*update.turn, task, turn, command.context);
    update.turn->context = command.context;
    return ContextVault::Offer();
}

const TaskPushNotificationConfig* TaskManager::push_config(const SendCommand& command) const {
    const auto& configuration = command.request.configuration;
    if (!options_.push || !configuration || !configuration->task_push_notification_config)
        return nullptr;
    return &*configuration->task_push_notification_config;
}

std::shared_ptr<void> TaskManager::answer_first(const SendCommand& command, TaskId task) const {
    if (!options_.unanswered) return nullptr;
    auto unanswered = UnansweredSends::add(options_.unanswered, task);
    if (command.client != nullptr) command.client->keep_until_answered(unanswered);
    return unanswered;
}

std::string_view TaskManager::key_field_of(const SendCommand& command) const {
    return is_known_by_message_id(command) ? "message.messageId" : "Idempotency-Key";
}

bool TaskManager::is_known_by_message_id(const SendCommand& command) const {
    return options_.repeat_by_message_id && command.idempotency_key.empty() &&
           !command.request.message.message_id.empty();
}

std::optional<IdempotencyKey> TaskManager::once(const SendCommand& command) const {
    if (is_known_by_message_id(command)) {
        // The configuration beside the message, such as how long to wait, may differ when it is
        // sent again.
        SendMessageRequest alone;
        alone.message = command.request.message;
        return IdempotencyKey{message_key(alone.message), request_hash(alone),
                              options_.idempotency_lifetime};
    }
    if (command.idempotency_key.empty()) return std::nullopt;
    return IdempotencyKey{command.idempotency_key, request_hash(command.request),
                          options_.idempotency_lifetime};
}

OwnerScope TaskManager::scope_for_reading(const SendCommand& command) const {
    return options_.may_reply_directly ? OwnerScope::everything() : command.scope;
}

Async<bool> TaskManager::enqueue(TaskId task, Turn turn, const OwnerScope& owner) {
    const RunOperation operation{task, turn, owner_key(owner), agent_key(agent_of(owner))};
    return enqueue_or_leave_to_sweep(*ports_.broker, operation);
}

AsyncResult<TaskSnapshot> TaskManager::settle(TaskId task, Subscription& subscription) {
    Signal& signal = subscription.signal();
    const Waiters::Entry waiter(waiters_, signal);
    const SteadyTime until = Loop::current()->now() + options_.reveal_after;
    bool time_is_up = false;
    while (true) {
        signal.reset();
        Result<TaskSnapshot> now = co_await ports_.storage->load(task, OwnerScope::everything());
        if (!now || now->revealed || now->reply || is_terminal(now->status.state)) co_return now;
        if (time_is_up || waiters_.draining()) {
            co_await reveal(task);
            co_return co_await ports_.storage->load(task, OwnerScope::everything());
        }
        time_is_up = !co_await signal.wait_until(until);
    }
}

Async<void> TaskManager::reveal(TaskId task) {
    TaskUpdate update;
    update.id = WriteId::next();
    update.reveal = true;
    const Result<Appended> revealed =
        co_await emitter_->append(task, OwnerScope::everything(), std::move(update));
    if (!revealed && revealed.error().code != ErrorCode::kTaskTerminal) {
        log::warn("a task could not be revealed task={} error={}", task.to_string(),
                  quoted(revealed.error().message));
    }
}

}  // namespace a2akit
