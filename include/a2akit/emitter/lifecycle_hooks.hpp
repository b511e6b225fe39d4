#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/protocol/task.hpp>

#include <string>

namespace a2akit {

/// One write that moved a task from one state to another. A new task moves from kUnspecified.
struct StateChange {
    TaskId task;
    std::string context_id;  ///< Empty for an end that a sweep forced: it knows the task alone.
    Turn turn = 0;
    TaskState before = TaskState::kUnspecified;
    TaskState after = TaskState::kUnspecified;
};

/// Code of the application that is called when a task changes its state: audit, metrics,
/// notifications.
///
/// Called after the write succeeded, at most once per change, on the node and loop that wrote. A
/// hook that throws is logged and changes nothing. Emitting waits for the hooks: keep them short.
class LifecycleHooks {
public:
    virtual ~LifecycleHooks() = default;
    /// Every change. Called before the more special ones below. All of them do nothing by default.
    virtual Async<void> on_state_change(StateChange change);
    /// A handler is about to run: `after` is kWorking.
    virtual Async<void> on_working(StateChange change);
    /// `after` is terminal or interrupted.
    virtual Async<void> on_turn_end(StateChange change);
    /// The task has ended for good. Called after `on_turn_end` for the same change.
    virtual Async<void> on_terminal(StateChange change);
};

}  // namespace a2akit
