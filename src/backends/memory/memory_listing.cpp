#include "backends/memory/memory_storage.hpp"

#include "backends/common/content_size.hpp"

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
    Candidates(const ListQuery& query, const ListCursor& cursor, bool continued)
        : state_(query.state),
          context_id_(query.context_id),
          context_hash_(TaskShard::context_hash(query.context_id)),
          after_(query.status_after),
          cursor_(cursor),
          continued_(continued),
          wanted_(static_cast<std::size_t>(std::max(query.page_size, 1)) + 1) {}

    void look_at(TaskShard& shard, const OwnerScope& scope) {
        if (scope.system) {
            for (auto& [name, owner] : shard.owners()) look_at(shard, *owner);
        } else if (const OwnerIndex* owner = shard.find_owner(scope)) {
            look_at(shard, *owner);
        }
    }

    /// In the order of the listing. One more than the page holds when another page follows.
    [[nodiscard]] std::vector<StatusKey> take() {
        std::sort_heap(best_.begin(), best_.end());
        return std::move(best_);
    }
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
        if (!continued_) total_ += count(tasks);
        for (auto at = tasks.lower_bound(first_key()); at != tasks.end(); ++at) {
            const StatusKey key = StatusKeyOf{}(*at);
            if (!follows(key)) continue;
            if (after_ && key.time <= *after_) return;
            if (!offer(key)) return;
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
        return continued_ ? StatusKey{cursor_.last_time, cursor_.last_id}
                          : StatusKey{cursor_.started, kGreatestId};
    }
    // Whether a key comes behind the page before and was there when the listing began.
    [[nodiscard]] bool follows(const StatusKey& key) const {
        if (key.time > cursor_.started) return false;
        return !continued_ || StatusKey{cursor_.last_time, cursor_.last_id} < key;
    }
    /// False when this key, and so every later one of its set, is too late for the page.
    bool offer(const StatusKey& key) {
        if (best_.size() == wanted_) {
            if (!(key < best_.front())) return false;
            std::pop_heap(best_.begin(), best_.end());
            best_.pop_back();
        }
        best_.push_back(key);
        std::push_heap(best_.begin(), best_.end());
        return true;
    }

    const TaskState state_;
    const std::string& context_id_;
    const std::uint64_t context_hash_;
    const std::optional<Timestamp> after_;
    const ListCursor& cursor_;
    const bool continued_;
    const std::size_t wanted_;
    std::vector<StatusKey> best_;
    std::int64_t total_ = 0;
};

}  // namespace

AsyncResult<ListPage> MemoryStorage::list(OwnerScope scope, ListQuery query) {
    // A write that is stamped earlier than this holds its shard's lock already, so this listing
    // waits for it.
    ListCursor cursor;
    cursor.started = time();
    const bool continued = !query.page_token.empty();
    if (continued) {
        auto read = cursors_.read(query.page_token, scope, query);
        if (!read) return std::move(read.error());
        cursor = *read;
    }
    Candidates candidates(query, cursor, continued);
    for (std::size_t i = 0; i < kShards; ++i) {
        const std::lock_guard lock(shards_[i].mutex);
        candidates.look_at(shards_[i], scope);
    }
    if (!continued) cursor.total = candidates.total();
    std::vector<StatusKey> keys = candidates.take();
    const auto page_size = static_cast<std::size_t>(std::max(query.page_size, 1));
    bool more = keys.size() > page_size;
    if (more) keys.resize(page_size);

    ListPage page;
    page.total = cursor.total;
    page.as_of = cursor.started - Duration(1);
    page.tasks.reserve(keys.size());
    ContentBudget budget(query.max_bytes);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const StatusKey& key = keys[i];
        SnapshotTaker taker(query.history_length, query.include_artifacts);
        TaskShard& shard = shard_of(key.id);
        {
            const std::lock_guard lock(shard.mutex);
            const TaskRecord* task = shard.find(key.id);
            // Changed since it was chosen: it has left the listing.
            if (task == nullptr || StatusKeyOf{}(*task) != key) continue;
            taker.take(*task, time());
        }
        TaskSnapshot snapshot = std::move(taker).merged();
        if (!budget.take(content_size(snapshot))) {
            keys.resize(i);
            more = true;
            break;
        }
        page.tasks.push_back(std::move(snapshot));
    }
    if (more) {
        cursor.last_time = keys.back().time;
        cursor.last_id = keys.back().id;
        page.next_page_token = cursors_.write(cursor, scope, query);
    }
    return page;
}

}  // namespace a2akit::backends
