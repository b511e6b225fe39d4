#include "backends/memory/task_shard.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace a2akit::backends {
namespace {

// The hash of a context of this owner, since two owners may choose the same contextId.
std::uint64_t hash_for(const OwnerIndex& owner, std::uint64_t context_hash) {
    return context_hash + reinterpret_cast<std::uintptr_t>(&owner) * 0x9e3779b97f4a7c15U;
}

}  // namespace

void ContextIndex::add(TaskRecord& task) {
    const auto same = [&task](const Group& group) {
        return group.state == task.state && group.revealed == task.revealed;
    };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) {
        groups.emplace_back();
        group = groups.end() - 1;
        group->state = task.state;
        group->revealed = task.revealed;
    }
    // Times never decrease, so its place is in front, or behind a few of the very same millisecond.
    group->tasks.insert(group->tasks.begin(), task);
}

void ContextIndex::remove(TaskRecord& task) {
    const auto group = std::find_if(groups.begin(), groups.end(), [&task](const Group& one) {
        return one.state == task.state && one.revealed == task.revealed;
    });
    group->tasks.erase(group->tasks.iterator_to(task));
    if (!group->tasks.empty()) return;
    if (&*group != &groups.back()) std::swap(*group, groups.back());
    groups.pop_back();
}

bool ContextIndex::has_only(const TaskRecord& task) const {
    if (groups.size() != 1) return false;
    const ContextSet& tasks = groups.front().tasks;
    return &*tasks.begin() == &task && std::next(tasks.begin()) == tasks.end();
}

TaskShard::TaskShard() = default;

TaskShard::~TaskShard() {
    for (auto& [name, owner] : owners_) {
        for (auto& set : owner->by_state) set.clear();
    }
    looks_.clear();
    runs_.clear();
    for (auto& list : resting_) list.clear();
    contexts_.for_each([](ContextIndex& context) {
        for (auto& group : context.groups) group.tasks.clear();
        delete &context;
    });
    tasks_.for_each([](TaskRecord& task) { delete &task; });
}

TaskRecord* TaskShard::find(const TaskId& id) {
    return tasks_.find(id.hash(), [&id](const TaskRecord& task) { return task.id == id; });
}

OwnerIndex* TaskShard::find_owner(const OwnerNameView& owner) {
    const auto found = owners_.find(owner);
    return found == owners_.end() ? nullptr : found->second.get();
}

ContextIndex* TaskShard::context_of(const OwnerIndex& owner, std::string_view context_id,
                                    std::uint64_t hash) {
    return contexts_.find(hash_for(owner, hash), [&](const ContextIndex& context) {
        return context.owner == &owner && context.name() == context_id;
    });
}

const ContextIndex* TaskShard::find_context(const OwnerIndex& owner, std::string_view context_id,
                                            std::uint64_t hash) {
    return context_of(owner, context_id, hash);
}

ContextIndex& TaskShard::context_index(const TaskRecord& task, std::uint64_t hash) {
    if (ContextIndex* found = context_of(*task.owner, task.context_id(), hash)) return *found;
    auto made = std::make_unique<ContextIndex>(*task.owner);
    contexts_.insert(*made, hash_for(*task.owner, hash));
    return *made.release();  // the table's are deleted with their last task
}

void TaskShard::leave_context(TaskRecord& task) {
    ContextIndex* context = std::exchange(task.context, nullptr);
    if (!context->groups.empty()) return;
    contexts_.remove(*context);
    delete context;
}

OwnerIndex& TaskShard::owner_index(const OwnerNameView& owner) {
    if (OwnerIndex* found = find_owner(owner)) return *found;
    OwnerName name{std::string(owner.owner), std::string(owner.tenant)};
    auto index = std::make_unique<OwnerIndex>();
    index->name = name;
    index->use = stored_->use_of(owner);
    return *owners_.emplace(std::move(name), std::move(index)).first->second;
}

TaskRecord& TaskShard::insert(std::unique_ptr<TaskRecord> task, const OwnerNameView& owner,
                              std::uint64_t context_hash) {
    TaskRecord& record = *task.release();
    record.owner = &owner_index(owner);
    ++record.owner->tasks;
    record.active = std::make_unique<ActivePart>(record);
    tasks_.insert(record.id.hash(), record);
    record.context = &context_index(record, context_hash);
    ++record.owner->use->tasks;
    count(record, kEmptyTask);
    return record;
}

void TaskShard::count(TaskRecord& task, std::int64_t bytes) {
    task.bytes += bytes;
    stored_->total += bytes;
    if (task.active) task.owner->use->bytes += bytes;
}

RemovedTask TaskShard::remove(TaskRecord& task) {
    RemovedTask removed{nullptr, {task.owner->name.owner, task.owner->name.tenant, false}};
    leave_status(task);
    task.context->remove(task);
    leave_context(task);
    if (task.SetHook<ByLook>::is_linked()) looks_.erase(looks_.iterator_to(task));
    if (task.active && task.active->run) runs_.erase(runs_.iterator_to(*task.active));
    if (task.active) --task.owner->use->tasks;
    count(task, -task.bytes);
    if (--task.owner->tasks == 0) {
        const OwnerNameView owner(removed.owner.owner, removed.owner.tenant);
        stored_->release(owner, std::move(task.owner->use));
        owners_.erase(owners_.find(owner));
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

// Times never decrease, so its place is in front, or behind a few of the very same millisecond.
void TaskShard::enter_listing(TaskRecord& task) {
    auto& set = task.owner->by_state[static_cast<std::size_t>(task.state)];
    set.insert(set.begin(), task);
}

void TaskShard::move_status(TaskRecord& task, TaskState state, Timestamp time) {
    const bool listed = is_listed(task);
    // Then it has no place among others there that could change.
    const bool alone = listed && task.context->has_only(task);
    if (listed) leave_status(task);
    if (listed && !alone) task.context->remove(task);
    task.state = state;
    task.status_time = time;
    if (alone)
        task.context->groups.front().state = state;
    else
        task.context->add(task);
    enter_status(task);
}

void TaskShard::reveal(TaskRecord& task) {
    if (task.revealed) return;
    if (!is_listed(task)) {
        task.revealed = true;
        return;
    }
    RestList* rest = resting(task);
    task.context->remove(task);
    task.revealed = true;
    task.context->add(task);
    if (rest != resting(task)) {
        rest->erase(task);
        resting(task)->push_back(task);
    }
    enter_listing(task);
}

void TaskShard::update_look(TaskRecord& task) {
    Timestamp look = Timestamp::max();
    if (!task.has_ended())
        look = kernel::next_look(task, *task.active);
    else if (!task.revealed && task.rare && task.rare->keep_reply_until)
        look = *task.rare->keep_reply_until;
    if (!task.has_ended() && look > task.next_look) return;
    move_look(task, look);
}

void TaskShard::move_look(TaskRecord& task, Timestamp look) {
    if (look == task.next_look) return;
    if (task.SetHook<ByLook>::is_linked()) looks_.erase(looks_.iterator_to(task));
    task.next_look = look;
    if (look != Timestamp::max()) looks_.insert(looks_.end(), task);
}

void TaskShard::store(TaskRecord& task, const kernel::TaskHead& head) {
    if (task.has_ended()) return;
    if (head.revealed) reveal(task);
    const bool moved = head.state != task.state || head.status_time != task.status_time;
    if (moved || !is_listed(task)) move_status(task, head.state, head.status_time);
    ActivePart& active = *task.active;
    if (active.run && !head.run) runs_.erase(runs_.iterator_to(active));
    if (!active.run && head.run) runs_.push_back(active);
    static_cast<kernel::TaskCore&>(task) = head;
    static_cast<kernel::TaskWork&>(active) = head;
    if (task.has_ended()) retire(task);
    update_look(task);
}

void TaskShard::note_lost_run(const TaskRecord& task, Timestamp now) {
    lost_runs_.push_back({task.active->node, task.id, task.epoch, now});
}

void TaskShard::retire(TaskRecord& task) {
    task.events.shrink_to_fit();
    task.history.shrink_to_fit();
    if (task.rare) task.rare->checkpoint = {};
    task.owner->use->bytes -= task.bytes;
    --task.owner->use->tasks;
    task.active.reset();
    count(task, size_of(task) - task.bytes);
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

}  // namespace a2akit::backends
