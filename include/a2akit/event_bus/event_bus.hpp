#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/core/loop.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace a2akit {

/// "This task's log goes up to here." Wake-ups carry no events: a subscriber that is woken reads
/// Storage, which is the authority.
struct Wake {
    TaskId task;
    Sequence last = 0;
    Turn turn = 0;
    bool turn_ended = false;  ///< Turn `turn` has ended; who waits for a turn only needs this one.
};

/// How far one subscriber has read a task's log, and a place to wait for more. Freed by its
/// destructor. Used on the loop that subscribed.
class Subscription {
public:
    virtual ~Subscription() = default;
    /// The highest sequence heard of.
    [[nodiscard]] virtual Sequence last() const noexcept = 0;
    /// The newest turn that was heard to have ended; 0 for none.
    [[nodiscard]] virtual Turn ended_turn() const noexcept = 0;
    /// True when the task is known to be erased.
    [[nodiscard]] virtual bool erased() const noexcept = 0;
    /// Raised by every wake-up that `interest` lets through; the waiter lowers it before it looks.
    /// A wake-up that tells a subscriber to every event nothing new need not raise it.
    [[nodiscard]] virtual Signal& signal() noexcept = 0;
};

/// The changes that a subscriber wants to be woken for.
enum class Interest { kEveryEvent, kTurnEnds };

/// Tells the nodes' subscribers that a task has new events. Best-effort: a lost wake-up delays,
/// nothing else.
///
/// Safe from any thread. Implementations pass a2akit/testing/event_bus_contract.hpp.
class EventBus {
public:
    virtual ~EventBus() = default;

    virtual AsyncResult<void> start() = 0;
    virtual AsyncResult<void> stop(SteadyTime deadline) = 0;
    virtual AsyncResult<void> check() = 0;

    /// Wakes the subscribers of the task, on every node. Never waits for them.
    virtual AsyncResult<void> publish(Wake wake) = 0;

    /// Its signal wakes the current loop. Wake-ups published after the call returned are seen.
    virtual AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task,
                                                                 Interest interest) = 0;

    /// The tasks with subscribers in this process: what the tail check reads from Storage once a
    /// second.
    [[nodiscard]] virtual std::vector<TaskId> watched() const = 0;
    /// Wakes this process's subscribers only; `erased`: the task is gone. The tail check calls it
    /// with what it has found.
    virtual void wake_local(Wake wake, bool erased) = 0;
};

}  // namespace a2akit
