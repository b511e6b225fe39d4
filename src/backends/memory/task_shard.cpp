#include "backends/memory/task_shard.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::backends {
TaskShard::TaskShard() = default;

TaskShard::~TaskShard() {
    for (auto& [name, owner] : owners_) {
        for (auto& set : owner->by_state) set.clear();
    }
    looks_.clear();
    runs_.clear();
    for (auto& list : resting_) list.clear();
    tasks_.for_each([](TaskRecord& task) { delete &task; });
}

TaskRecord* TaskShard::find(const TaskId& id) {
    return tasks_.find(id.hash(), [&id](const TaskRecord& task) { return task.id == id; });
}

OwnerIndex& TaskShard::owner_index(const OwnerScope& owner) {
    const auto found = owners_.find(OwnerNameView{owner.owner, owner.tenant});
    if (found != owners_.end()) return *found->second;
    OwnerName name{owner.owner, owner.tenant};
    auto index = std::make_unique<OwnerIndex>();
    index->name = name;
    return *owners_.emplace(std::move(name), std::move(index)).first->second;
}

TaskRecord& TaskShard::insert(std::unique_ptr<TaskRecord> task, const OwnerScope& owner) {
    TaskRecord& record = *task.release();
    record.owner = &owner_index(owner);
    ++record.owner->tasks;
    record.context_hash = context_hash(record.context_id);
    record.active = std::make_unique<ActivePart>(record);
    tasks_.insert(record.id.hash(), record);
    contexts_.insert(record.context_hash, record);
    enter_status(record);
    return record;
}

RemovedTask TaskShard::remove(TaskRecord& task) {
    RemovedTask removed{nullptr, {task.owner->name.owner, task.owner->name.tenant, false}};
    leave_status(task);
    contexts_.erase(task.context_hash, task);
    if (task.SetHook<ByLook>::is_linked()) looks_.erase(looks_.iterator_to(task));
    end_run(task, false, {});
    if (--task.owner->tasks == 0) {
        owners_.erase(owners_.find(OwnerNameView{task.owner->name.owner, task.owner->name.tenant}));
    }
    tasks_.erase(task.id.hash(), task);
    removed.record.reset(&task);
    return removed;
}

void TaskShard::leave_status(TaskRecord& task) {
    if (task.revealed) {
        auto& set = task.owner->by_state[static_cast<std::size_t>(task.state)];
        set.erase(set.iterator_to(task));
    }
    if (RestList* rest = resting(task)) rest->erase(task);
}

void TaskShard::enter_status(TaskRecord& task) {
    if (task.revealed) enter_listing(task);
    if (RestList* rest = resting(task)) rest->push_back(task);
}

// Times never decrease, so its place is in front, behind at most those of the very same millisecond.
void TaskShard::enter_listing(TaskRecord& task) {
    auto& set = task.owner->by_state[static_cast<std::size_t>(task.state)];
    const StatusKeyOf key;
    auto place = set.begin();
    while (place != set.end() && key(*place) < key(task)) ++place;
    set.insert(place, task);
}

void TaskShard::move_status(TaskRecord& task, TaskState state, Timestamp time) {
    leave_status(task);
    task.state = state;
    task.status_time = time;
    enter_status(task);
}

void TaskShard::reveal(TaskRecord& task) {
    if (task.revealed) return;
    RestList* rest = resting(task);
    task.revealed = true;
    if (rest != resting(task)) {
        rest->erase(task);
        resting(task)->push_back(task);
    }
    enter_listing(task);
}

void TaskShard::update_look(TaskRecord& task) {
    Timestamp look = Timestamp::max();
    if (task.has_ended()) {
        if (!task.revealed && task.rare && task.rare->keep_reply_until)
            look = *task.rare->keep_reply_until;
    } else {
        const ActivePart& active = *task.active;
        if (active.run)
            look = active.run->look;
        else if (task.turn != 0 && !task.turn_ended)
            look = active.turn_look;
        if (active.cancel_by) look = std::min(look, active.cancel_look);
    }
    if (look == task.next_look) return;
    if (task.SetHook<ByLook>::is_linked()) looks_.erase(looks_.iterator_to(task));
    task.next_look = look;
    if (look != Timestamp::max()) looks_.insert(looks_.end(), task);
}

void TaskShard::begin_run(TaskRecord& task, LiveRun run) {
    task.active->run = run;
    runs_.push_back(*task.active);
}

void TaskShard::end_run(TaskRecord& task, bool lost, Timestamp now) {
    const LiveRun* run = task.run();
    if (run == nullptr) return;
    if (lost) lost_runs_.push_back({run->node, task.id, run->epoch, now});
    runs_.erase(runs_.iterator_to(*task.active));
    task.active->run.reset();
}

void TaskShard::retire(TaskRecord& task) {
    task.active.reset();
    task.events.shrink_to_fit();
    task.history.shrink_to_fit();
    if (task.rare) task.rare->checkpoint = {};
}

RestList* TaskShard::resting(TaskState state, bool revealed) {
    const std::size_t ended = revealed ? 0 : 4;
    switch (state) {
        case TaskState::kCompleted:
            return &resting_[ended];
        case TaskState::kFailed:
            return &resting_[ended + 1];
        case TaskState::kCanceled:
            return &resting_[ended + 2];
        case TaskState::kRejected:
            return &resting_[ended + 3];
        case TaskState::kInputRequired:
            return &resting_[8];
        case TaskState::kAuthRequired:
            return &resting_[9];
        default:
            return nullptr;
    }
}

std::uint64_t TaskShard::context_hash(std::string_view context_id) {
    return std::hash<std::string_view>{}(context_id);
}

}  // namespace a2akit::backends
