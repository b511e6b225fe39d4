#include "backends/postgres/slot_shares.hpp"

#include <algorithm>
#include <limits>

namespace a2akit::postgres {
namespace {

constexpr std::size_t kMostIdleOwners = 4096;

}  // namespace

SlotShares::SlotShares() : most_owners_(kMostIdleOwners) {}

void SlotShares::join(NodeId node, int slots) {
    NodeSlots& of_node = nodes_[node];
    if (++of_node.receivers != 1) return;
    of_node.slots = slots;
    slots_ += slots;
}

void SlotShares::leave(NodeId node) {
    const auto of_node = nodes_.find(node);
    if (of_node == nodes_.end() || --of_node->second.receivers != 0) return;
    slots_ -= of_node->second.slots;
    nodes_.erase(of_node);
}

void SlotShares::see(std::uint64_t owner) {
    if (owner == 0) return;
    held_.try_emplace(owner, 0);
    if (held_.size() > most_owners_) forget_idle_owners();
}

// The cost is amortised over the owners that it looks at.
void SlotShares::forget_idle_owners() {
    std::erase_if(held_, [](const auto& one) { return one.second == 0; });
    most_owners_ = std::max(kMostIdleOwners, 2 * held_.size());
}

void SlotShares::begin(std::uint64_t owner) {
    ++running_;
    if (owner == 0) return;
    ++held_[owner];
    if (held_.size() > most_owners_) forget_idle_owners();
}

bool SlotShares::end(std::uint64_t owner) {
    --running_;
    const auto held = held_.find(owner);
    if (held == held_.end()) return false;
    return held->second-- >= most_of_one_owner() && left_;
}

int SlotShares::most_of_one_owner() const noexcept {
    if (held_.size() < 2) return slots_;
    return std::max(1, slots_ - std::max(1, slots_ / 4));
}

int SlotShares::unguarded(int coming) const noexcept {
    if (slots_ == 0) return std::numeric_limits<int>::max();
    return slots_ / 2 - running_ - coming;
}

SlotShares::Look SlotShares::look(int limit, int coming) const {
    if (const int free = unguarded(coming); free > 0) return {.limit = std::min(limit, free)};
    if (coming != 0) return {};
    Look look{.limit = limit, .in_turn = true, .most = most_of_one_owner()};
    for (const auto& [owner, held] : held_) {
        if (held == 0 || held + limit <= look.most) continue;
        look.owners.push_back(static_cast<std::int64_t>(owner));
        look.held.push_back(held);
    }
    return look;
}

}  // namespace a2akit::postgres
