#pragma once

#include "backends/common/content_size.hpp"
#include "backends/common/list_cursor.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace a2akit::backends {

/// The first keys of a listing, one more than the page holds, chosen from keys that are offered set
/// by set. `Key` is a StatusKey, or derived from it.
template <class Key>
class FirstKeys {
public:
    /// REQUIRES: the cursor outlives this.
    FirstKeys(const ListQuery& query, const ListCursor& cursor)
        : cursor_(cursor),
          continued_(!query.page_token.empty()),
          wanted_(static_cast<std::size_t>(std::max(query.page_size, 1)) + 1) {}

    /// Whether the page is not the first of its listing.
    [[nodiscard]] bool continued() const noexcept { return continued_; }

    /// False when this key, and so every later one of its set, is too late for the page. A key that
    /// does not follow the page before, or was not there when the listing began, is left out.
    bool offer(const Key& key) {
        if (!follows(key)) return true;
        if (best_.size() == wanted_) {
            if (!(key < best_.front())) return false;
            std::pop_heap(best_.begin(), best_.end());
            best_.pop_back();
        }
        best_.push_back(key);
        std::push_heap(best_.begin(), best_.end());
        return true;
    }

    /// In the order of the listing.
    [[nodiscard]] std::vector<Key> take() {
        std::sort_heap(best_.begin(), best_.end());
        return std::move(best_);
    }

private:
    [[nodiscard]] bool follows(const StatusKey& key) const {
        if (key.time > cursor_.started) return false;
        return !continued_ || StatusKey{cursor_.last_time, cursor_.last_id} < key;
    }

    const ListCursor& cursor_;
    const bool continued_;
    const std::size_t wanted_;
    std::vector<Key> best_;
};

/// The page of these keys, which FirstKeys chose. `read(key)` returns a task; nullopt leaves it
/// out.
template <class Key, class Read>
ListPage make_page(std::vector<Key> keys, ListCursor cursor, const OwnerScope& scope,
                   const ListQuery& query, const CursorCodec& cursors, Read read) {
    const auto page_size = static_cast<std::size_t>(std::max(query.page_size, 1));
    bool more = keys.size() > page_size;
    if (more) keys.resize(page_size);
    ListPage page;
    page.total = cursor.total;
    page.tasks.reserve(keys.size());
    ContentBudget budget(query.max_bytes);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        std::optional<TaskSnapshot> task = read(keys[i]);
        if (!task) continue;
        if (!budget.take(content_size(*task))) {
            keys.resize(i);
            more = true;
            break;
        }
        page.tasks.push_back(std::move(*task));
    }
    if (more) {
        cursor.last_time = keys.back().time;
        cursor.last_id = keys.back().id;
        page.next_page_token = cursors.write(cursor, scope, query);
    }
    return page;
}

}  // namespace a2akit::backends
