#include "backends/memory/memory_storage.hpp"

#include "backends/common/list_page.hpp"

#include <algorithm>
#include <utility>

// A listing takes the best candidates of each shard, and then reads the chosen tasks.

namespace a2akit::backends {
namespace {

const TaskId kGreatestId = [] {
    TaskId id;
    id.bytes.fill(0xff);
    return id;
}();

// The first keys of a listing, up to a limit, collected shard by shard.
class Candidates {
public:
    Candidates(const ListQuery& query, const ListCursor& cursor)
        : state_(query.state),
          context_id_(query.context_id),
          context_hash_(TaskShard::context_hash(query.context_id)),
          after_(query.status_after),
          cursor_(cursor),
          first_(query, cursor) {}

    void look_at(TaskShard& shard, const OwnerScope& scope) {
        if (scope.system) {
            for (auto& [name, owner] : shard.owners()) look_at(shard, *owner);
        } else if (const OwnerIndex* owner = shard.find_owner(scope)) {
            look_at(shard, *owner);
        }
    }

    [[nodiscard]] std::vector<StatusKey> take() { return first_.take(); }
    [[nodiscard]] std::int64_t total() const noexcept { return total_; }

private:
    void look_at(TaskShard& shard, const OwnerIndex& owner) {
        if (!context_id_.empty()) {
            if (const ContextIndex* context = shard.find_context(owner, context_id_, context_hash_))
                look_at(*context);
            return;
        }
        for (std::size_t state = 0; state < kStates; ++state) {
            if (wants(static_cast<TaskState>(state))) look_at(owner.by_state[state]);
        }
    }

    void look_at(const ContextIndex& context) {
        for (const ContextIndex::Group& group : context.groups) {
            if (group.revealed && wants(group.state)) look_at(group.tasks);
        }
    }

    [[nodiscard]] bool wants(TaskState state) const {
        return state_ == TaskState::kUnspecified || state == state_;
    }

    template <class Tasks>
    void look_at(const Tasks& tasks) {
        if (!first_.continued()) total_ += count(tasks);
        for (auto at = tasks.lower_bound(first_key()); at != tasks.end(); ++at) {
            const StatusKey key = StatusKeyOf{}(*at);
            if (after_ && key.time <= *after_) return;
            if (!first_.offer(key)) return;
        }
    }

    template <class Tasks>
    [[nodiscard]] std::int64_t count(const Tasks& tasks) const {
        if (!after_) return static_cast<std::int64_t>(tasks.size());
        std::int64_t count = 0;
        for (auto at = tasks.begin(); at != tasks.end() && at->status_time > *after_; ++at) ++count;
        return count;
    }

    [[nodiscard]] StatusKey first_key() const {
        return first_.continued() ? StatusKey{cursor_.last_time, cursor_.last_id}
                                  : StatusKey{cursor_.started, kGreatestId};
    }

    const TaskState state_;
    const std::string& context_id_;
    const std::uint64_t context_hash_;
    const std::optional<Timestamp> after_;
    const ListCursor& cursor_;
    FirstKeys<StatusKey> first_;
    std::int64_t total_ = 0;
};

}  // namespace

AsyncResult<ListPage> MemoryStorage::list(OwnerScope scope, ListQuery query) {
    // A write that is stamped earlier than this holds its shard's lock already, so this listing
    // waits for it.
    ListCursor cursor;
    cursor.started = time();
    if (!query.page_token.empty()) {
        auto read = cursors_.read(query.page_token, scope, query);
        if (!read) return std::move(read.error());
        cursor = *read;
    }
    Candidates candidates(query, cursor);
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        candidates.look_at(shards_[i], scope);
    }
    if (query.page_token.empty()) cursor.total = candidates.total();
    const auto read = [&](const StatusKey& key) -> std::optional<TaskSnapshot> {
        TaskSnapshot snapshot;
        SnapshotTaker taker(snapshot, query.history_length, query.include_artifacts);
        TaskShard& shard = shard_of(key.id);
        {
            const std::lock_guard lock(shard.mutex);
            const TaskRecord* task = shard.find(key.id);
            // Changed since it was chosen: it has left the listing.
            if (task == nullptr || StatusKeyOf{}(*task) != key) return std::nullopt;
            taker.take(*task, time());
        }
        taker.merge();
        return snapshot;
    };
    ListPage page = make_page(candidates.take(), cursor, scope, query, cursors_, read);
    page.as_of = cursor.started - Duration(1);
    return page;
}

}  // namespace a2akit::backends
