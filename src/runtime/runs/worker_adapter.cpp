#include "runtime/runs/worker_adapter.hpp"

#include "core/handler_mark.hpp"
#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/active_run.hpp"
#include "runtime/tasks/enqueue.hpp"

#include <algorithm>
#include <exception>
#include <tuple>

namespace a2akit {
namespace {

constexpr int kTries = StorageEventEmitter::kTries;
constexpr int kMostAhead = 64;
constexpr int kSlotsPerAhead = 64;  // few slots: leave them to other loops
constexpr Duration kTroubleDelay(
    1000);  // before an entry is looked at again when Storage did not answer
constexpr Duration kAnswerWait(
    1000);  // for the answer to a send that does not wait, before its turn starts all the same
constexpr Duration kElsewhereDelay(
    200);  // before an entry of an agent that only other nodes serve is delivered again

}  // namespace

WorkerAdapter::WorkerAdapter(WorkerNode& node)
    : node_(node),
      loop_(*Loop::current()),
      ahead_(std::clamp(node.options.max_concurrent_tasks / kSlotsPerAhead, 1, kMostAhead)) {}

WorkerAdapter::~WorkerAdapter() = default;

void WorkerAdapter::start() {
    receiver_ = node_.broker->receiver(node_.options.node, node_.options.lease,
                                       node_.options.max_concurrent_tasks);
    dispatching_.spawn(dispatch());
}

Async<void> WorkerAdapter::dispatch() {
    // A handler that never suspends has ended when `spawn` returns; the loop's other work must not
    // starve meanwhile.
    constexpr int kRunsPerTurn = 16;
    int started = 0;
    while (co_await take_slot()) {
        auto delivery = co_await receiver_->receive(held_);
        if (!delivery) break;
        --held_;
        ++running_;
        runs_.spawn(serve(std::move(delivery)));
        if (++started % kRunsPerTurn == 0) co_await yield();
    }
    for (; held_ > 0; --held_) node_.slots.give_back();
}

// Returns false when the adapter drains.
Async<bool> WorkerAdapter::take_slot() {
    if (draining_) return false;
    if (2 * held_ > ahead_) return true;
    if (held_ == 0) {
        if (!node_.slots.take_or_wait(slot_)) return wait_for_slot();
        held_ = 1;
    }
    held_ += node_.slots.take(ahead_ - held_);
    return true;
}

Async<bool> WorkerAdapter::wait_for_slot() {
    waiting_for_slot_ = true;
    co_await slot_.wait();
    slot_.reset();
    if (std::exchange(waiting_for_slot_, false)) held_ = 1;
    co_return !draining_;
}

Async<void> WorkerAdapter::serve(std::unique_ptr<Delivery> delivery) {
    if (std::unique_ptr<ActiveRun> run = co_await claim(*delivery)) {
        run->delivery = std::move(delivery);
        enter(*run);
        co_await watch(*run);
        if (run->context_undecided) co_await wait_for_context(*run);
        if (node_.unanswered && node_.unanswered->any()) {
            const TaskId task = run->context.id();
            co_await node_.unanswered->wait(task, loop_.now() + kAnswerWait);
        }
        Outcome outcome;
        if (!must_not_start(*run)) {
            mark_handler(run->context.id());
            try {
                co_await detail::within(run->context.scope(),
                                        run->context.agent().worker->handle(run->context));
            } catch (const Exception& e) {
                outcome.threw = true;
                outcome.storage_failed =
                    e.code() == ErrorCode::kUnavailable && run->context.storage_failed();
                outcome.text = e.what();
            } catch (const std::exception& e) {
                outcome.threw = true;
                outcome.text = e.what();
            } catch (...) {
                outcome.threw = true;
                outcome.text =
                    "the handler threw an exception that is not derived from std::exception";
            }
        }
        co_await conclude(*run, std::move(outcome));
        if (node_.vault) forget_context(*run);
        leave(*run);
    }
    node_.slots.give_back();
    if (--running_ == 0) idle_.set();
}

// -- Claiming

Async<std::unique_ptr<WorkerAdapter::ActiveRun>> WorkerAdapter::accept(Delivery& delivery,
                                                                       Run&& run) {
    const ServedAgent* agent = node_.agent_for(run.snapshot.owner);
    if (agent == nullptr) return leave_to_others(delivery, std::move(run));
    return make_run(*agent, delivery.operation(), std::move(run));
}

// The owner is known only now: a sweep and some brokers do not say whose turn it is.
Async<std::unique_ptr<WorkerAdapter::ActiveRun>> WorkerAdapter::leave_to_others(Delivery& delivery,
                                                                                Run run) {
    const TaskId task = delivery.operation().task;
    log::info("a turn of an agent that this node does not serve is left to others task={} agent={}",
              task.to_string(), quoted(agent_of(run.snapshot.owner)));
    const auto due =
        co_await node_.storage->release(task, run.epoch, Release::kHandBack, Timestamp{});
    const auto answered = co_await delivery.ack();
    log_unanswered(answered, task);
    if (!due || !*due) co_return nullptr;
    const RunOperation operation{task, **due, owner_key(run.snapshot.owner),
                                 agent_key(agent_of(run.snapshot.owner))};
    const auto now = co_await node_.storage->now();
    std::optional<Timestamp> not_before;
    if (now) not_before = *now + kElsewhereDelay;
    co_await enqueue_or_leave_to_sweep(*node_.broker, operation, not_before);
    co_return nullptr;
}

std::unique_ptr<WorkerAdapter::ActiveRun> WorkerAdapter::make_run(const ServedAgent& agent,
                                                                  RunOperation operation,
                                                                  Run&& run) {
    if (!busy_.empty()) busy_.erase(operation.task);
    const bool unpacked =
        !node_.vault || node_.vault->unpack(run.input, operation.task, operation.turn);
    auto active = std::make_unique<ActiveRun>(node_, agent, operation.turn, std::move(run));
    active->context_undecided = !unpacked;
    active->round = node_.renewal_round.load();
    return active;
}

Async<std::unique_ptr<WorkerAdapter::ActiveRun>> WorkerAdapter::claim(Delivery& delivery) {
    const RunOperation operation = delivery.operation();
    if (Run* const claimed = delivery.claimed()) return accept(delivery, std::move(*claimed));
    if (!node_.may_serve(operation.agent)) return put_back(delivery);
    const WriteId id = WriteId::next();
    auto pending = node_.storage->claim(id, operation.task, operation.turn, node_.options.node,
                                        node_.options.lease);
    Result<Claimed>* const answer = pending.ready();
    if (answer != nullptr && *answer && std::holds_alternative<Run>(**answer))
        return accept(delivery, std::get<Run>(std::move(**answer)));
    return claim_slowly(std::move(pending), delivery, id);
}

Async<std::unique_ptr<WorkerAdapter::ActiveRun>> WorkerAdapter::put_back(Delivery& delivery) {
    const auto answered = co_await delivery.nack(kElsewhereDelay);
    log_unanswered(answered, delivery.operation().task);
    co_return nullptr;
}

Async<std::unique_ptr<WorkerAdapter::ActiveRun>> WorkerAdapter::claim_slowly(
    AsyncResult<Claimed> pending, Delivery& delivery, WriteId id) {
    const RunOperation operation = delivery.operation();
    auto answer = co_await std::move(pending);
    for (int tries = 1; tries < kTries && !answer && answer.error().code == ErrorCode::kUnavailable;
         ++tries) {
        co_await sleep_for(retry_delay(tries));
        answer = co_await node_.storage->claim(id, operation.task, operation.turn,
                                               node_.options.node, node_.options.lease);
    }
    if (answer && std::holds_alternative<Run>(*answer)) {
        co_return co_await accept(delivery, std::get<Run>(std::move(*answer)));
    }
    if (answer) {
        co_await answer_refusal(delivery, std::get<Refusal>(*answer));
    } else {
        log::warn("a claim failed task={} turn={} error={}", operation.task.to_string(),
                  operation.turn, quoted(answer.error().message));
        // A task that cannot be read is left to the sweeps: they bring its turn again, and end it
        // after its last attempt.
        const bool unreadable = answer.error().code == ErrorCode::kInternal;
        auto pending_answer = unreadable ? delivery.ack() : delivery.nack(kTroubleDelay);
        const auto answered = co_await std::move(pending_answer);
        log_unanswered(answered, operation.task);
    }
    co_return nullptr;
}

Async<void> WorkerAdapter::answer_refusal(Delivery& delivery, Refusal refusal) {
    const TaskId task = delivery.operation().task;
    if (refusal == Refusal::kBusy) co_return co_await answer_busy(delivery);
    busy_.erase(task);
    const auto answered = co_await delivery.ack();
    log_unanswered(answered, task);
}

Async<void> WorkerAdapter::answer_busy(Delivery& delivery) {
    constexpr Duration kFirst(50);
    constexpr std::size_t kRemembered = 1024;
    const TaskId task = delivery.operation().task;
    if (busy_.size() >= kRemembered) busy_.clear();
    const int times = busy_[task]++;
    const Duration delay = kFirst * (1 << std::min(times, 5));
    const auto answered = co_await delivery.nack(delay);
    log_unanswered(answered, task);
}

// -- The runs of this loop

void WorkerAdapter::enter(ActiveRun& run) noexcept {
    run.after = first_;
    if (first_ != nullptr) first_->before = &run;
    first_ = &run;
    node_.active_runs.fetch_add(1, std::memory_order_relaxed);
    node_.runs_changed.store(loop_.now(), std::memory_order_relaxed);
}

void WorkerAdapter::leave(ActiveRun& run) noexcept {
    (run.before != nullptr ? run.before->after : first_) = run.after;
    if (run.after != nullptr) run.after->before = run.before;
    node_.active_runs.fetch_sub(1, std::memory_order_relaxed);
    node_.runs_changed.store(loop_.now(), std::memory_order_relaxed);
}

void WorkerAdapter::apply(RenewalRound& round) {
    const auto order = [](const Renewal& a, const std::pair<TaskId, Epoch>& b) {
        return std::tie(a.task, a.epoch) < std::tie(b.first, b.second);
    };
    for (ActiveRun* run = first_; run != nullptr; run = run->after) {
        auto& context = run->context;
        const std::pair<TaskId, Epoch> key(context.id(), context.epoch());
        const auto found =
            std::lower_bound(round.renewals.begin(), round.renewals.end(), key, order);
        const bool known =
            found != round.renewals.end() && found->task == key.first && found->epoch == key.second;
        if (known) round.known[static_cast<std::size_t>(found - round.renewals.begin())] = true;
        if (context.ending() == TaskContextImpl::Ending::kTerminal) continue;
        if (known && found->cancel_by) context.note_cancel(*found->cancel_by);
        // A run that was claimed while the renewal was under way may be absent from its answer.
        if (known ? !found->kept : run->round < round.round) context.lose(ErrorCode::kLeaseLost);
    }
}

Async<void> WorkerAdapter::drain(SteadyTime deadline, const std::atomic<bool>* hurried) {
    constexpr Duration kLook(50);  // how often `hurried` is checked
    draining_ = true;
    if (receiver_) receiver_->close();
    if (waiting_for_slot_ && node_.slots.forget(slot_)) {
        waiting_for_slot_ = false;
        slot_.set();
    }
    co_await dispatching_.join();
    while (running_ != 0 && loop_.now() < deadline && !(hurried != nullptr && hurried->load())) {
        idle_.reset();
        co_await idle_.wait_until(hurried != nullptr ? std::min(deadline, loop_.now() + kLook)
                                                     : deadline);
    }
    handing_back_ = true;
    co_await hand_back_all();
}

Async<void> WorkerAdapter::hand_back_all() {
    struct HandedBack {
        TaskId task;
        Epoch epoch;
        Release how;
        std::unique_ptr<Delivery> delivery;
    };
    std::vector<HandedBack> runs;
    for (ActiveRun* run = first_; run != nullptr; run = run->after) {
        auto& context = run->context;
        if (!run->delivery || context.lost() ||
            context.ending() == TaskContextImpl::Ending::kTerminal)
            continue;
        const bool paused = context.ending() == TaskContextImpl::Ending::kPaused;
        runs.push_back({context.id(), context.epoch(),
                        paused ? Release::kPaused : Release::kHandBack, std::move(run->delivery)});
        context.lose(ErrorCode::kStopped);
    }
    for (auto& run : runs)
        co_await release(run.task, run.epoch, run.how, {}, std::move(run.delivery));
}

Async<void> WorkerAdapter::join() { co_await runs_.join(); }

}  // namespace a2akit
