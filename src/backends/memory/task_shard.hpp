#pragma once

#include "backends/common/intrusive_table.hpp"
#include "backends/common/keyed_hash.hpp"
#include "backends/common/list_cursor.hpp"
#include "backends/memory/record_table.hpp"
#include "backends/memory/stored_bytes.hpp"
#include "backends/memory/task_record.hpp"
#include "core/brief_mutex.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace a2akit::backends {

inline constexpr std::size_t kStates = 9;

struct StatusKeyOf {
    using type = StatusKey;
    StatusKey operator()(const TaskRecord& task) const noexcept {
        return {task.status_time, task.id};
    }
};
using StatusSet = boost::intrusive::set<TaskRecord, boost::intrusive::base_hook<SetHook<ByStatus>>,
                                        boost::intrusive::key_of_value<StatusKeyOf>>;
using ContextSet =
    boost::intrusive::set<TaskRecord, boost::intrusive::base_hook<SetHook<ByContext>>,
                          boost::intrusive::key_of_value<StatusKeyOf>>;

/// The visible tasks of one owner in one shard, by state: the sizes are the counts.
struct OwnerIndex {
    OwnerName name;
    std::array<StatusSet, kStates> by_state;
    std::size_t tasks = 0;  ///< Visible or not.
    std::shared_ptr<OwnerUse> use;
};

/// The tasks of one context of one owner in one shard, by state; there is at least one. Most
/// contexts have one task.
struct ContextIndex : local::TableLink<ContextIndex> {
    struct Group {
        TaskState state = TaskState::kUnspecified;
        bool revealed = true;
        ContextSet tasks;
    };

    explicit ContextIndex(const OwnerIndex& of) : owner(&of) {}
    const OwnerIndex* owner;
    boost::container::small_vector<Group, 1> groups;  ///< None of them is empty.

    [[nodiscard]] const std::string& name() const {
        return groups.front().tasks.begin()->context_id();
    }
    [[nodiscard]] bool has_only(const TaskRecord& task) const;
    void add(TaskRecord& task);
    void remove(TaskRecord& task);
};

/// Tasks that rest in one state, in the order in which they entered it. The tasks before
/// `uncompacted` have been compacted.
class RestList {
public:
    using List = boost::intrusive::list<TaskRecord, boost::intrusive::base_hook<ListHook<ByRest>>>;
    void push_back(TaskRecord& task) {
        list_.push_back(task);
        if (uncompacted_ == list_.end()) uncompacted_ = list_.iterator_to(task);
    }
    void erase(TaskRecord& task) {
        const auto at = list_.iterator_to(task);
        if (uncompacted_ == at) ++uncompacted_;
        list_.erase(at);
    }
    [[nodiscard]] TaskRecord* oldest_uncompacted() {
        return uncompacted_ == list_.end() ? nullptr : &*uncompacted_;
    }
    void compacted_oldest() { ++uncompacted_; }
    [[nodiscard]] TaskRecord* oldest() { return list_.empty() ? nullptr : &list_.front(); }
    [[nodiscard]] std::size_t size() const { return list_.size(); }
    [[nodiscard]] auto begin() const { return list_.begin(); }
    [[nodiscard]] auto end() const { return list_.end(); }
    void clear() { list_.clear(); }

private:
    List list_;
    List::iterator uncompacted_ = list_.end();
};

/// A run that its node lost without having given it back.
struct LostRun {
    NodeId node;
    TaskId task;
    Epoch epoch = 0;
    Timestamp at{};
};

/// A task that has been removed from its shard.
struct RemovedTask {
    std::unique_ptr<TaskRecord> record;
    OwnerScope owner;
};

/// A part of all tasks with its own lock and its own small indexes, so that no call waits for work
/// that grows with the number of tasks. Every call but `mutex` REQUIRES the lock.
class TaskShard {
public:
    TaskShard();
    ~TaskShard();
    TaskShard(const TaskShard&) = delete;
    TaskShard& operator=(const TaskShard&) = delete;

    BriefMutex mutex;

    /// Sets the counters that all shards share. REQUIRES: they outlive this; called before anything
    /// is inserted.
    void count_in(StoredBytes& stored) { stored_ = &stored; }

    [[nodiscard]] TaskRecord* find(const TaskId& id);
    /// Null when this owner has no task of this context here. `hash`: context_hash(context_id).
    [[nodiscard]] const ContextIndex* find_context(const OwnerIndex& owner,
                                                   std::string_view context_id, std::uint64_t hash);
    /// Of all owners.
    [[nodiscard]] std::size_t context_count() const { return contexts_.size(); }
    /// Null when this owner has no task here.
    [[nodiscard]] OwnerIndex* find_owner(const OwnerNameView& owner);
    [[nodiscard]] OwnerIndex* find_owner(const OwnerScope& owner) {
        return find_owner(OwnerNameView(owner.owner, owner.tenant));
    }
    /// Adds a task that is listed from the first `store` on. REQUIRES: that follows before the lock
    /// is left. `context_hash`: of the task's contextId.
    TaskRecord& insert(std::unique_ptr<TaskRecord> task, const OwnerNameView& owner,
                       std::uint64_t context_hash);
    /// Adds this many bytes to the task's size; negative: removes them.
    void count(TaskRecord& task, std::int64_t bytes);
    /// Unlinks a task; the caller destroys it once it has left the lock.
    [[nodiscard]] RemovedTask remove(TaskRecord& task);

    /// Replaces the numbers of a task that has not ended, and puts it where they say that it
    /// belongs. With its end, drops the data that only an unfinished task needs.
    void store(TaskRecord& task, const kernel::TaskHead& head);
    /// The task's run is about to end, and its node has to be told. REQUIRES: there is one.
    void note_lost_run(const TaskRecord& task, Timestamp now);
    /// Makes sure that the task is looked at when the earliest of its deadlines comes. While it has
    /// not ended it may be looked at earlier: a deadline that is put off, as with every claim and
    /// renewal, stays where it is.
    void update_look(TaskRecord& task);
    /// The task has been looked at: `look` is when that has to be done next.
    void move_look(TaskRecord& task, Timestamp look);

    struct LookOf {
        using type = Timestamp;
        Timestamp operator()(const TaskRecord& task) const noexcept { return task.next_look; }
    };
    using LookSet =
        boost::intrusive::multiset<TaskRecord, boost::intrusive::base_hook<SetHook<ByLook>>,
                                   boost::intrusive::key_of_value<LookOf>>;
    using RunList =
        boost::intrusive::list<ActivePart, boost::intrusive::base_hook<ListHook<ByRun>>>;
    using Owners =
        std::unordered_map<OwnerName, std::unique_ptr<OwnerIndex>, OwnerHash, OwnerEqual>;

    [[nodiscard]] LookSet& looks() { return looks_; }
    [[nodiscard]] RunList& runs() { return runs_; }
    [[nodiscard]] Owners& owners() { return owners_; }
    [[nodiscard]] std::vector<LostRun>& lost_runs() { return lost_runs_; }
    /// The list of tasks that rest in this state; null for the states in which a task does not
    /// rest. Direct replies, which ended without having been revealed, have a list of their own.
    [[nodiscard]] RestList* resting(TaskState state, bool revealed = true);
    [[nodiscard]] static std::uint64_t context_hash(std::string_view context_id) {
        return keyed_hash(context_id);
    }

private:
    OwnerIndex& owner_index(const OwnerNameView& owner);
    [[nodiscard]] RestList* resting(const TaskRecord& task) {
        return resting(task.state, task.revealed);
    }
    [[nodiscard]] ContextIndex* context_of(const OwnerIndex& owner, std::string_view context_id,
                                           std::uint64_t hash);
    ContextIndex& context_index(const TaskRecord& task, std::uint64_t context_hash);
    [[nodiscard]] static bool is_listed(const TaskRecord& task) noexcept {
        return task.SetHook<ByContext>::is_linked();
    }
    /// Once the task has left its context's index: drops the context with its last task.
    void leave_context(TaskRecord& task);
    // Except for the context's index.
    void leave_status(TaskRecord& task);
    void enter_status(TaskRecord& task);
    void enter_listing(TaskRecord& task);
    void move_status(TaskRecord& task, TaskState state, Timestamp time);
    void reveal(TaskRecord& task);
    void retire(TaskRecord& task);

    StoredBytes* stored_ = nullptr;
    RecordTable tasks_;
    local::IntrusiveTable<ContextIndex> contexts_;
    Owners owners_;
    LookSet looks_;
    RunList runs_;
    std::array<RestList, 10> resting_;
    std::vector<LostRun> lost_runs_;
};

}  // namespace a2akit::backends
