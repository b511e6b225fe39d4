#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/storage/task_update.hpp>

#include <string_view>

namespace a2akit {

/// Writes updates: Storage first, then the EventBus. TaskContext, TaskManager and recovery all
/// write through one, and know of neither.
class EventEmitter {
public:
    virtual ~EventEmitter() = default;

    /// Storage::create, then a wake-up on this node: no other can be waiting for a task that was
    /// not there.
    virtual AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) = 0;

    /// Storage::append, then a wake-up. Repeats an append whose answer was lost, under its WriteId,
    /// a bounded number of times. A wake-up that fails is logged; waiting subscribers find the
    /// event in Storage.
    virtual AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) = 0;

    /// Announces what somebody else wrote (a claim) to a task of `context_id`, which outlives the
    /// call.
    virtual AsyncResult<void> announce(Appended appended, std::string_view context_id) = 0;
};

}  // namespace a2akit
