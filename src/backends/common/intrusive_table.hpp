#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace a2akit::local {

/// The links of a node of an IntrusiveTable.
template <class Node>
struct TableLink {
    Node* next = nullptr;
    Node** from = nullptr;  ///< The pointer to this node, so that removal needs no search.
    std::uint64_t hash = 0;
};

/// A hash table whose nodes are the callers' own objects: putting one in allocates nothing but, now
/// and then, buckets. Several nodes may have the same key. Not synchronised: one table is one
/// shard, small enough to grow in microseconds.
///
/// Node derives from TableLink<Node>; the table never owns it.
template <class Node>
class IntrusiveTable {
public:
    void insert(Node& node, std::uint64_t hash) {
        if (size_ >= buckets_.size()) grow();
        node.TableLink<Node>::hash = hash;
        link(node, bucket(hash));
        ++size_;
    }

    void remove(Node& node) noexcept {
        TableLink<Node>& self = node;
        *self.from = self.next;
        if (self.next != nullptr) self.next->TableLink<Node>::from = self.from;
        self.from = nullptr;
        --size_;
    }

    /// The first node of this hash for which `matches` holds; null when there is none. Of a node of
    /// another hash it touches nothing else: what that refers to may be cold.
    template <class Matches>
    [[nodiscard]] Node* find(std::uint64_t hash, Matches matches) noexcept {
        if (size_ == 0) return nullptr;
        for (Node* node = bucket(hash); node != nullptr; node = node->TableLink<Node>::next) {
            if (node->TableLink<Node>::hash == hash && matches(*node)) return node;
        }
        return nullptr;
    }

    /// Calls `visit` for each node of this hash value, and for some of others.
    template <class Visit>
    void for_each_like(std::uint64_t hash, Visit visit) {
        if (size_ == 0) return;
        for (Node* node = bucket(hash); node != nullptr; node = node->TableLink<Node>::next)
            visit(*node);
    }

    /// `visit` may end the life of the node that it is given.
    template <class Visit>
    void for_each(Visit visit) {
        for (Node* node : buckets_) {
            while (node != nullptr) visit(*std::exchange(node, node->TableLink<Node>::next));
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    [[nodiscard]] Node*& bucket(std::uint64_t hash) noexcept {
        return buckets_[hash & (buckets_.size() - 1)];
    }

    static void link(Node& node, Node*& first) noexcept {
        TableLink<Node>& self = node;
        self.next = first;
        self.from = &first;
        if (first != nullptr) first->TableLink<Node>::from = &self.next;
        first = &node;
    }

    void grow() {
        std::vector<Node*> former(buckets_.empty() ? 8 : 2 * buckets_.size(), nullptr);
        former.swap(buckets_);
        for (Node* node : former) {
            while (node != nullptr) {
                Node& moved = *std::exchange(node, node->TableLink<Node>::next);
                link(moved, bucket(moved.TableLink<Node>::hash));
            }
        }
    }

    std::vector<Node*> buckets_;
    std::size_t size_ = 0;
};

/// Which of `kShards` a hash value belongs to: its top bits, as the tables use the low ones.
inline constexpr std::size_t kShards = 128;
[[nodiscard]] constexpr std::size_t shard_of(std::uint64_t hash) noexcept {
    return hash >> (64 - 7);
}

}  // namespace a2akit::local
