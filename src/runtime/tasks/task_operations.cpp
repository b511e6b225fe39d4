#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/tasks/public_error.hpp"
#include "runtime/tasks/task_manager.hpp"
#include "storage/take_task.hpp"

#include <algorithm>
#include <limits>
#include <utility>

// The operations on existing tasks.

namespace a2akit {
namespace {

constexpr int kDefaultPageSize = 50;

std::optional<Error> refuse_last_event_id(Sequence after, Sequence last) {
    if (after <= last) return std::nullopt;
    return Error::invalid_field("Last-Event-ID", "is " + std::to_string(after) +
                                                     ", but the last event of the task is " +
                                                     std::to_string(last));
}

Error finished_error(TaskId task, TaskState state) {
    std::string message = "the task has ended in ";
    message += to_string(state);
    message += "; there is nothing to subscribe to, get it instead";
    return Error::about_task(ErrorCode::kUnsupportedOperation, std::move(message),
                             task.to_string());
}

}  // namespace

AsyncResult<Task> TaskManager::get(GetTaskRequest request, OwnerScope scope) {
    const auto task = TaskId::parse(request.id);
    if (!task) co_return task_not_found(request.id);
    Result<TaskSnapshot> found =
        co_await ports_.storage->load(*task, std::move(scope), request.history_length);
    if (!found) co_return fail(public_error(std::move(found.error())));
    Task answer;
    take_task(std::move(*found), request.history_length, answer);
    co_return answer;
}

AsyncResult<ListTasksResponse> TaskManager::list(ListTasksRequest request, OwnerScope scope) {
    ListQuery query;
    query.context_id = std::move(request.context_id);
    query.state = request.status;
    // The protocol's filter includes the given time; Storage's filter does not.
    if (request.status_timestamp_after)
        query.status_after = *request.status_timestamp_after - Duration(1);
    query.page_size = request.page_size.value_or(kDefaultPageSize);
    query.page_token = std::move(request.page_token);
    query.history_length = request.history_length;
    query.include_artifacts = request.include_artifacts.value_or(false);
    query.max_bytes = options_.max_page_bytes;
    ListTasksResponse response;
    response.page_size = query.page_size;
    Result<ListPage> page = co_await ports_.storage->list(std::move(scope), std::move(query));
    if (!page) co_return fail(public_error(std::move(page.error())));
    response.tasks.reserve(page->tasks.size());
    for (TaskSnapshot& task : page->tasks)
        take_task(std::move(task), request.history_length, response.tasks.emplace_back());
    response.next_page_token = std::move(page->next_page_token);
    response.total_size = static_cast<std::int32_t>(
        std::min<std::int64_t>(page->total, std::numeric_limits<std::int32_t>::max()));
    co_return response;
}

AsyncResult<Task> TaskManager::cancel(CancelTaskRequest request, OwnerScope scope) {
    const auto task = TaskId::parse(request.id);
    if (!task) co_return task_not_found(request.id);
    auto subscription = co_await ports_.event_bus->subscribe(*task, Interest::kTurnEnds);
    if (!subscription) co_return fail(public_error(std::move(subscription.error())));
    Result<TaskSnapshot> now = co_await ports_.storage->load(*task, scope, 0, false);
    if (!now) co_return fail(public_error(std::move(now.error())));
    if (auto refusal = refuse_cancel(*task, now->status.state)) co_return *refusal;
    // Repeating a cancel does not extend its deadline, and we do not wait for a run that has died.
    if (!now->cancel_by || !now->live_run) {
        now = co_await request_cancel(std::move(*now), scope);
        if (!now) co_return fail(public_error(std::move(now.error())));
        if (options_.vault && is_terminal(now->status.state))
            options_.vault->forget(*task, ContextVault::kEveryTurn);
    }
    if (!is_terminal(now->status.state)) {
        const Result<void> signalled = co_await ports_.cancel_registry->request_cancel(*task);
        if (!signalled) {
            log::warn("a cancel waits for its run's renewal task={} error={}", request.id,
                      quoted(signalled.error().message));
        }
        co_await await_end(*task, scope, **subscription);
    }
    now = co_await ports_.storage->load(*task, scope);
    // The task was canceled even if its contents cannot be read.
    if (!now && now.error().code == ErrorCode::kInternal) {
        now = co_await ports_.storage->load(*task, std::move(scope), 0, false);
    }
    if (!now) co_return fail(public_error(std::move(now.error())));
    Task canceled;
    take_task(std::move(*now), std::nullopt, canceled);
    co_return canceled;
}

AsyncResult<TaskSnapshot> TaskManager::request_cancel(TaskSnapshot task, OwnerScope scope) {
    const Result<Timestamp> clock = co_await ports_.storage->now();
    if (!clock) co_return fail(clock.error());
    TaskUpdate update;
    update.id = WriteId::next();
    update.cancel_by = *clock + options_.cancel_force_timeout;
    update.context_id = task.context_id;
    const Result<Appended> appended = co_await emitter_->append(task.id, scope, std::move(update));
    if (appended) {
        task.status.state = appended->after;
        co_return task;
    }
    if (appended.error().code != ErrorCode::kTaskTerminal) co_return fail(appended.error());
    Result<TaskSnapshot> ended = co_await ports_.storage->load(task.id, std::move(scope), 0, false);
    if (!ended) co_return ended;
    if (auto refusal = refuse_cancel(task.id, ended->status.state)) co_return *refusal;
    co_return ended;
}

Async<void> TaskManager::await_end(TaskId task, OwnerScope scope, Subscription& subscription) {
    Signal& signal = subscription.signal();
    const Waiters::Entry waiter(waiters_, signal);
    const SteadyTime until = Loop::current()->now() + options_.cancel_wait;
    while (true) {
        signal.reset();
        // A turn may end in a pause, so only Storage knows.
        Result<TaskSnapshot> now =
            co_await ports_.storage->load(task, OwnerScope::everything(), 0, false);
        if (!now || is_terminal(now->status.state) || waiters_.draining()) co_return;
        // It paused instead of ending, or its run died: there is no run left to wait for.
        if (is_interrupted(now->status.state) || !now->live_run) {
            now = co_await request_cancel(std::move(*now), scope);
            if (!now || is_terminal(now->status.state)) co_return;
        }
        if (!co_await signal.wait_until(until)) co_return;
    }
}

AsyncResult<std::unique_ptr<EventStream>> TaskManager::subscribe(SubscribeToTaskRequest request,
                                                                 OwnerScope scope,
                                                                 std::optional<Sequence> after) {
    const auto task = TaskId::parse(request.id);
    if (!task) co_return task_not_found(request.id);
    if (refuses()) co_return draining_error();
    auto subscription = co_await ports_.event_bus->subscribe(*task, Interest::kEveryEvent);
    if (!subscription) co_return fail(public_error(std::move(subscription.error())));
    const auto history = after ? std::optional<std::int32_t>(0) : std::nullopt;
    Result<TaskSnapshot> now = co_await ports_.storage->load(*task, scope, history, !after);
    if (!now) co_return fail(public_error(std::move(now.error())));
    TaskStream::Start start{*task, now->context_id, std::move(scope), StreamKind::kSubscription, 0};
    if (after) {
        if (auto refusal = refuse_last_event_id(*after, now->last_sequence)) co_return *refusal;
        start.after = *after;
    } else if (is_terminal(now->status.state)) {
        co_return finished_error(*task, now->status.state);
    }
    auto stream =
        std::make_unique<TaskStream>(streams_, std::move(start), std::move(*subscription));
    if (!after) stream->begin_with(*now, false);
    co_return std::unique_ptr<EventStream>(std::move(stream));
}

AsyncResult<void> TaskManager::resume(TaskId task) {
    Result<TaskSnapshot> now = co_await ports_.storage->load(task, OwnerScope::everything());
    if (!now) co_return fail(public_error(std::move(now.error())));
    if (now->status.state != TaskState::kAuthRequired) {
        std::string message = "only a task in TASK_STATE_AUTH_REQUIRED is resumed; this one is in ";
        message += to_string(now->status.state);
        co_return Error::about_task(ErrorCode::kUnsupportedOperation, std::move(message),
                                    task.to_string());
    }
    const auto last = std::find_if(now->history.rbegin(), now->history.rend(),
                                   [](const Shared<Message>& m) { return m->role == Role::kUser; });
    if (last == now->history.rend())
        co_return fail(ErrorCode::kInternal, "the task has no message of the user");
    TaskUpdate update;
    update.id = WriteId::next();
    update.guard.revision = now->revision;
    update.context_id = now->context_id;
    update.status = TaskStatus{TaskState::kSubmitted, std::nullopt, std::nullopt};
    update.turn.emplace().message = *last;
    const Result<Appended> appended =
        co_await emitter_->append(task, OwnerScope::everything(), std::move(update));
    if (!appended) co_return fail(public_error(appended.error()));
    if (appended->turn_due) co_await enqueue(task, appended->turn, now->owner);
    co_return Result<void>{};
}

AsyncResult<TaskId> TaskManager::redrive(DeadLetter letter) {
    if (letter.message->parts.empty()) {
        co_return Error::about_task(
            ErrorCode::kUnsupportedOperation,
            "the message of this dead letter cannot be read; ask its user to send it again",
            letter.task.to_string());
    }
    // Note the id first: two concurrent redrives then use the same task id, and the key makes sure
    // that the task is made once.
    const Result<TaskId> noted =
        co_await ports_.maintenance->mark_redriven(letter.task, TaskId::generate());
    if (!noted) co_return fail(public_error(noted.error()));
    const Result<TaskSnapshot> existing =
        co_await ports_.storage->load(*noted, OwnerScope::everything(), 0, false);
    if (existing) co_return *noted;
    if (existing.error().code != ErrorCode::kTaskNotFound)
        co_return fail(public_error(existing.error()));

    SendCommand command;
    Message& message = command.request.message;
    message = *letter.message;
    message.message_id = Uuid::generate().to_string();
    message.task_id = noted->to_string();
    message.context_id = letter.context_id;
    message.reference_task_ids.push_back(letter.task.to_string());
    TaskUpdate update = turn_update(command, Shared<Message>(std::move(message)));
    update.once =
        IdempotencyKey{kOwnKeyMark + letter.task.to_string(), {}, options_.idempotency_lifetime};
    NewTask fresh{*noted, letter.context_id, true, false};
    Result<Created> created =
        co_await emitter_->create(std::move(fresh), letter.owner, std::move(update));
    if (!created) co_return fail(public_error(std::move(created.error())));
    if (created->appended.turn_due) {
        co_await enqueue(created->appended.task, created->appended.turn, letter.owner);
    }
    co_return created->appended.task;
}

}  // namespace a2akit
