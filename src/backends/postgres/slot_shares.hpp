#pragma once

#include <a2akit/core/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace a2akit::postgres {

/// How many slots of this process each owner holds, and what the next look into the queue may
/// take; see docs/adr/0010-shares-of-owners.md. Owners are those of RunOperation; an owner of 0 is
/// unknown, and has no share. Not safe from several threads.
class SlotShares {
public:
    SlotShares();

    /// A receiver of this node comes or goes; `slots` as in Broker::receiver.
    void join(NodeId node, int slots);
    void leave(NodeId node);

    /// The owner has or had an entry.
    void see(std::uint64_t owner);
    /// An entry of the owner has been delivered.
    void begin(std::uint64_t owner);
    /// It has been answered. True when entries of the owner that `left_entries` told of may be
    /// taken now.
    [[nodiscard]] bool end(std::uint64_t owner);
    /// Whether the last look left entries because their owner holds its share.
    void left_entries(bool left) noexcept { left_ = left; }

    struct Look {
        int limit = 0;         ///< How many entries it may take; 0: first the coming ones arrive.
        bool in_turn = false;  ///< One of each owner in turn, each up to `most`.
        std::int64_t most = 0;
        // Owners that `limit` more entries would bring beyond `most`, and what each holds.
        std::vector<std::int64_t> owners;
        std::vector<std::int64_t> held;
    };
    /// `limit`: how many entries it would take without this rule; at least 1. `coming`: how many
    /// are being fetched.
    [[nodiscard]] Look look(int limit, int coming) const;
    /// How many more entries may be taken in any order: while half of the slots are free, no owner
    /// can get more than its share. Zero or less: none.
    [[nodiscard]] int unguarded(int coming) const noexcept;

private:
    [[nodiscard]] int most_of_one_owner() const noexcept;
    void forget_idle_owners();

    struct NodeSlots {
        int slots = 0;
        int receivers = 0;
    };
    std::map<NodeId, NodeSlots> nodes_;
    std::unordered_map<std::uint64_t, int> held_;  ///< 0: the owner was seen.
    std::size_t most_owners_;
    int slots_ = 0;  ///< 0: unknown, and there are no shares.
    int running_ = 0;
    bool left_ = false;
};

}  // namespace a2akit::postgres
