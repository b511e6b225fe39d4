#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/active_run.hpp"
#include "runtime/tasks/enqueue.hpp"

#include <algorithm>
#include <utility>

// A run from its claim on: its handler, and what follows when the handler has left.

namespace a2akit {
namespace {

constexpr int kTries = StorageEventEmitter::kTries;
constexpr Duration kContextWait(5000);  // until a request knows that it made the running turn

constexpr const char* kNoEnd =
    "the handler returned without ending its turn; it has to call exactly one of complete, "
    "complete_json, respond, "
    "reply_directly, fail, reject, request_input and request_auth";

constexpr const char* kAgentFailed = "the agent failed";
constexpr const char* kNoText = "the handler threw an exception without a text";

// The first retry is immediate, then 1 s, 2 s, 4 s… pass.
Duration retry_backoff(int attempt) noexcept {
    if (attempt <= 1) return Duration(0);
    return std::min(Duration(1000) * (1 << std::min(attempt - 2, 5)), Duration(30'000));
}

void set_cancel_scope(TaskContextImpl& context, Result<std::unique_ptr<CancelScope>> watched) {
    if (watched) return context.watch(std::move(*watched));
    // The renewals of the lease report this as well, only later.
    log::warn("watching for a cancel failed {} error={}", context.log_fields(),
              quoted(watched.error().message));
}

void note_announced(const Result<void>& announced, const TaskContextImpl& context) {
    if (announced) return;
    log::warn("announcing a run failed {} error={}", context.log_fields(),
              quoted(announced.error().message));
}

Async<void> announce_slowly(AsyncResult<void> announcing, TaskContextImpl& context) {
    note_announced(co_await std::move(announcing), context);
}

Async<void> announce(TaskContextImpl& context) {
    auto announcing = context.agent().emitter->announce(context.claimed(), context.context_id());
    if (!announcing.await_ready()) return announce_slowly(std::move(announcing), context);
    note_announced(announcing.await_resume(), context);
    return {};
}

Async<void> watch_slowly(AsyncResult<std::unique_ptr<CancelScope>> watching,
                         TaskContextImpl& context) {
    set_cancel_scope(context, co_await std::move(watching));
    co_await announce(context);
}

// The delivery lives until it is answered.
Async<void> acknowledge_slowly([[maybe_unused]] std::unique_ptr<Delivery> delivery,
                               AsyncResult<void> answering, TaskId task) {
    const auto answered = co_await std::move(answering);
    log_unanswered(answered, task);
}

// `delivery` is null when the run was handed back.
Async<void> acknowledge(std::unique_ptr<Delivery> delivery, TaskId task) {
    if (!delivery) return {};
    auto answering = delivery->ack();
    if (!answering.await_ready())
        return acknowledge_slowly(std::move(delivery), std::move(answering), task);
    log_unanswered(answering.await_resume(), task);
    return {};
}

}  // namespace

// Here and at the end of a run: ports that answer immediately (memory) need no coroutine frame.
Async<void> WorkerAdapter::watch(ActiveRun& run) {
    auto watching = node_.cancels->watch(run.context.id());
    if (!watching.await_ready()) return watch_slowly(std::move(watching), run.context);
    set_cancel_scope(run.context, watching.await_resume());
    return announce(run.context);
}

Async<void> WorkerAdapter::wait_for_context(ActiveRun& run) {
    auto& context = run.context;
    auto late =
        co_await node_.vault->wait_for(context.id(), context.turn(), loop_.now() + kContextWait);
    context.set_request_context(std::move(late));
}

// The next run, after this one was taken over or handed back, may need the context again.
void WorkerAdapter::forget_context(const ActiveRun& run) noexcept {
    const auto& context = run.context;
    if (run.task_ended || context.task_is_over()) {
        node_.vault->forget(context.id(), ContextVault::kEveryTurn);
    } else if (context.turn_ended()) {
        node_.vault->forget(context.id(), context.turn());
    }
}

bool WorkerAdapter::must_not_start(ActiveRun& run) const {
    return run.context.lost() || run.context.deadline().has_value() ||
           run.context.attempt() > node_.max_attempts() || handing_back_;
}

Async<void> WorkerAdapter::conclude(ActiveRun& run, Outcome outcome) {
    auto& context = run.context;
    if (outcome.threw && (context.ending() != TaskContextImpl::Ending::kNone || context.lost())) {
        log::warn("the handler threw after its {} {} error={}",
                  context.lost() ? "run was over" : "turn had ended", context.log_fields(),
                  quoted(outcome.text));
    }
    if (!run.delivery) return {};  // handed back
    if (handing_back_ && context.ending() == TaskContextImpl::Ending::kNone && !context.lost()) {
        context.lose(ErrorCode::kStopped);
        return release(context.id(), context.epoch(), Release::kHandBack, {},
                       std::move(run.delivery));
    }
    if (context.ending() == TaskContextImpl::Ending::kNone && !context.lost())
        return end_in_place_of_handler(run, std::move(outcome));
    if (context.ending() == TaskContextImpl::Ending::kPaused) return pause(run);
    return finish(run);
}

Async<void> WorkerAdapter::pause(ActiveRun& run) {
    if (run.context.cancel_requested()) co_await cancel_paused(run);
    co_await release(run.context.id(), run.context.epoch(), Release::kPaused, {},
                     std::move(run.delivery));
}

Async<void> WorkerAdapter::end_in_place_of_handler(ActiveRun& run, Outcome outcome) {
    auto& context = run.context;
    TaskState state = TaskState::kFailed;
    std::string text;
    std::optional<std::string> dead_letter;
    if (context.cancel_requested()) {
        state = TaskState::kCanceled;
        if (outcome.threw) {
            log::info("the handler threw when cancelled {} error={}", context.log_fields(),
                      quoted(outcome.text));
        }
    } else if (context.attempt() > node_.max_attempts()) {
        text = too_many_attempts(context.attempt() - 1);
        dead_letter = text;
    } else if (outcome.storage_failed) {
        co_return co_await retry_later(run);
    } else {
        text = !outcome.threw ? kNoEnd : outcome.text.empty() ? kNoText : std::move(outcome.text);
        log::warn("the handler failed {} error={}", context.log_fields(), quoted(text));
        // An exception's text may name hosts, paths, even secrets. Texts for the client go through
        // `fail`.
        if (outcome.threw && !node_.options.show_failures) text = kAgentFailed;
    }
    const auto ended = co_await context.end_as(state, std::move(text), std::move(dead_letter));
    if (!ended && ended.error().code == ErrorCode::kUnavailable)
        co_return co_await retry_later(run);
    // A write that the engine refuses is tried again like a lost run; after the last attempt the
    // lease expires, and a sweep ends the task.
    const bool tried_enough = context.attempt() > node_.max_attempts();
    if (!ended && ended.error().code == ErrorCode::kInternal && !tried_enough)
        co_return co_await retry_later(run);
    run.task_ended = ended || ended.error().code == ErrorCode::kTaskTerminal;
    if (!ended) {
        log::info("the task had ended already, or its run was over {} error={}",
                  context.log_fields(), quoted(ended.error().message));
    }
    co_await finish(run);
}

// The handler was asked to stop and paused instead: a paused task is canceled immediately.
Async<void> WorkerAdapter::cancel_paused(ActiveRun& run) {
    const TaskId task = run.context.id();
    TaskUpdate update;
    update.id = WriteId::next();
    update.cancel_by = run.context.deadline();
    if (!update.cancel_by) {
        // The signal only wakes; Storage says whether there is something to cancel.
        const auto now = co_await node_.storage->load(task, OwnerScope::everything(), 0, false);
        if (!now || !now->cancel_by) co_return;
        update.cancel_by = now->cancel_by;
    }
    const auto canceled = co_await run.context.agent().emitter->append(
        task, OwnerScope::everything(), std::move(update));
    run.task_ended =
        canceled ? is_terminal(canceled->after) : canceled.error().code == ErrorCode::kTaskTerminal;
    if (run.task_ended) co_return co_await forget_cancel(run);
    // Then the cancel is forced when it is due.
    log::warn("a paused task was not canceled {} error={}", run.context.log_fields(),
              quoted(canceled ? "a turn of it runs already" : canceled.error().message));
}

Async<void> WorkerAdapter::forget_cancel(ActiveRun& run) {
    const auto forgotten = co_await node_.cancels->forget(run.context.id());
    if (!forgotten) {
        log::debug("a cancel signal was not dropped {} error={}", run.context.log_fields(),
                   quoted(forgotten.error().message));
    }
}

// The task has ended, or the run is over: nothing is left to do but to answer the entry.
Async<void> WorkerAdapter::finish(ActiveRun& run) {
    if (run.context.cancel_requested()) return finish_canceled(run);
    return acknowledge(std::move(run.delivery), run.context.id());
}

Async<void> WorkerAdapter::finish_canceled(ActiveRun& run) {
    co_await forget_cancel(run);
    co_await acknowledge(std::move(run.delivery), run.context.id());
}

Async<void> WorkerAdapter::retry_later(ActiveRun& run) {
    Timestamp not_before{};
    if (const Duration backoff = retry_backoff(run.context.attempt()); backoff.count() != 0) {
        const auto now = co_await node_.storage->now();
        if (now) not_before = *now + backoff;
    }
    co_await release(run.context.id(), run.context.epoch(), Release::kRetry, not_before,
                     std::move(run.delivery));
}

// Ends the run, answers its entry and enqueues what became due. When Storage stays out of reach
// nothing is lost: the lease expires, and a sweep finds the turn.
Async<void> WorkerAdapter::release(TaskId task, Epoch epoch, Release how, Timestamp not_before,
                                   std::unique_ptr<Delivery> delivery) {
    auto due = co_await node_.storage->release(task, epoch, how, not_before);
    for (int tries = 1; tries < kTries && !due && due.error().code == ErrorCode::kUnavailable;
         ++tries) {
        co_await sleep_for(retry_delay(tries));
        due = co_await node_.storage->release(task, epoch, how, not_before);
    }
    if (!due) {
        log::warn("releasing a run failed, its lease expires instead task={} error={}",
                  task.to_string(), quoted(due.error().message));
    }
    const RunOperation before = delivery ? delivery->operation() : RunOperation{};
    if (delivery) {
        const auto answered = co_await delivery->ack();
        log_unanswered(answered, task);
    }
    if (!due || !*due) co_return;
    const RunOperation operation{task, **due, before.owner, before.agent};
    std::optional<Timestamp> when;
    if (not_before != Timestamp{}) when = not_before;
    co_await enqueue_or_leave_to_sweep(*node_.broker, operation, when);
}

}  // namespace a2akit
