#include "runtime/upkeep/recovery.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/runs/worker_node.hpp"
#include "runtime/tasks/enqueue.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace a2akit {

Recovery::Recovery(RecoveryPorts ports, int max_attempts)
    : ports_(std::move(ports)), max_attempts_(max_attempts) {}

void Recovery::start() {
    group_.spawn(sweep_regularly());
    group_.spawn(check_tails_regularly());
    if (ports_.vault) group_.spawn(forget_contexts_regularly());
}

Async<void> Recovery::stop() {
    stop_sweeps_.set();
    stop_tail_checks_.set();
    stop_forgetting_.set();
    co_await group_.join();
}

Async<void> Recovery::sweep_regularly() {
    Loop& loop = *Loop::current();
    while (!co_await stop_sweeps_.wait_until(loop.now() + kSweepEvery)) co_await sweep();
}

Async<void> Recovery::check_tails_regularly() {
    Loop& loop = *Loop::current();
    while (!co_await stop_tail_checks_.wait_until(loop.now() + kTailCheckEvery))
        co_await check_tails();
}

Async<void> Recovery::forget_contexts_regularly() {
    Loop& loop = *Loop::current();
    while (!co_await stop_forgetting_.wait_until(loop.now() + kForgetEvery))
        co_await forget_contexts();
}

Async<void> Recovery::sweep() {
    constexpr int kBatch = 256;
    for (;;) {
        const SteadyTime asked_at = Loop::current()->now();
        const auto due = co_await ports_.maintenance->due(kBatch);
        if (!due) co_return note_failure("the sweep", due.error(), asked_at);
        if (std::exchange(out_since_, std::nullopt)) log::info("the storage answers again");
        for (const Due& one : *due) co_await handle(one);
        if (due->size() < static_cast<std::size_t>(kBatch) || stop_sweeps_.is_set()) co_return;
        co_await yield();
    }
}

// Log once per outage, not twice a second.
void Recovery::note_failure(std::string_view who, const Error& error, SteadyTime asked_at) {
    if (!out_since_) {
        out_since_ = asked_at;
        log::warn("{} could not ask the storage error={}", who, quoted(error.message));
    }
    const bool lasts = Loop::current()->now() - *out_since_ >= kOutage;
    if (lasts && error.code == ErrorCode::kUnavailable && ports_.on_outage) ports_.on_outage();
}

Async<void> Recovery::handle(Due due) {
    if (due.kind == Due::Kind::kCancel) co_return co_await force_end(due, TaskState::kCanceled, {});
    if (due.attempts >= max_attempts_) {
        co_return co_await force_end(due, TaskState::kFailed, too_many_attempts(due.attempts));
    }
    const RunOperation operation{due.task, due.turn};
    co_await enqueue_or_leave_to_sweep(*ports_.broker, operation);
}

Async<void> Recovery::force_end(Due due, TaskState state, std::string reason) {
    TaskUpdate update;
    update.id = WriteId::next();
    update.raise_epoch = true;
    update.reveal = true;
    update.status = TaskStatus{state, std::nullopt, std::nullopt};
    if (state == TaskState::kFailed) {
        // An expired run that has renewed its lease since the sweep looked goes on, and its writes
        // count.
        const auto seen =
            co_await ports_.storage->load(due.task, OwnerScope::everything(), 0, false);
        if (!seen || seen->turn != due.turn || seen->turn_ended) co_return;
        update.guard.revision = seen->revision;
        update.guard.no_live_run = true;
        Message message;
        message.message_id = Uuid::generate().to_string();
        message.task_id = due.task.to_string();
        message.role = Role::kAgent;
        message.parts.push_back(Part::from_text(reason));
        update.status->message = std::move(message);
        update.dead_letter = std::move(reason);
    }
    auto ended = co_await ports_.emitter->append(due.task, OwnerScope::everything(), update);
    if (!ended && ended.error().code == ErrorCode::kInternal) {
        // The engine can never accept this write, because a revealed task has to fit into its
        // indexes. End the task without revealing it.
        update.id = WriteId::next();
        update.reveal = false;
        ended =
            co_await ports_.emitter->append(due.task, OwnerScope::everything(), std::move(update));
    }
    if (!ended) {
        log::info("a task was not ended by force task={} error={}", due.task.to_string(),
                  quoted(ended.error().message));
        co_return;
    }
    log::warn("a task was ended by force task={} state={}", due.task.to_string(), to_string(state));
    if (ports_.vault) ports_.vault->forget(due.task, ContextVault::kEveryTurn);
    const auto forgotten = co_await ports_.cancels->forget(due.task);
    if (!forgotten) {
        log::debug("a cancel signal was not dropped task={} error={}", due.task.to_string(),
                   quoted(forgotten.error().message));
    }
}

Async<void> Recovery::check_tails() {
    const std::vector<TaskId> watched = ports_.bus->watched();
    for (std::size_t at = 0; at < watched.size() && !stop_tail_checks_.is_set();) {
        const SteadyTime asked_at = Loop::current()->now();
        const auto tails = co_await next_tails(watched, at);
        if (!tails) co_return note_failure("the tail check", tails.error(), asked_at);
        for (const Tail& tail : *tails) {
            // A new turn is made only after the one before has ended, and the wake-up for that end
            // may have been lost.
            const Turn ended = tail.turn_ended || tail.turn == 0 ? tail.turn : tail.turn - 1;
            ports_.bus->wake_local(Wake{tail.task, tail.last, ended, ended > 0}, !tail.exists);
        }
        if (at < watched.size()) co_await yield();
    }
}

Async<void> Recovery::forget_contexts() {
    const std::vector<TaskId> kept = ports_.vault->tasks();
    for (std::size_t at = 0; at < kept.size() && !stop_forgetting_.is_set();) {
        const auto tails = co_await next_tails(kept, at);
        if (!tails) co_return;  // the tail checks say so
        for (const Tail& tail : *tails) ports_.vault->forget_ended(tail);
        if (at < kept.size()) co_await yield();
    }
}

AsyncResult<std::vector<Tail>> Recovery::next_tails(const std::vector<TaskId>& tasks,
                                                    std::size_t& at) {
    constexpr std::size_t kTailBatch = 1024;
    const std::size_t end = std::min(at + kTailBatch, tasks.size());
    std::vector<TaskId> asked(tasks.begin() + static_cast<std::ptrdiff_t>(at),
                              tasks.begin() + static_cast<std::ptrdiff_t>(end));
    at = end;
    return ports_.storage->tails(std::move(asked));
}

}  // namespace a2akit
