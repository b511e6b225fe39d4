#pragma once

#include "backends/common/intrusive_table.hpp"
#include "backends/common/pooled.hpp"
#include "core/brief_mutex.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/core/loop.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace a2akit::local {

struct OwnerShare;

/// One run operation, from its first enqueue to its ack.
struct BrokerEntry : TableLink<BrokerEntry>, Pooled {
    explicit BrokerEntry(RunOperation op) noexcept : operation(op) {}
    const RunOperation operation;
    BrokerEntry* behind = nullptr;  ///< The next entry in its queue.
    std::unique_ptr<Run> run;       ///< If claimed already, for the node of its seat.
    /// null: its owner is unknown. Under the hub's lock, like all that follows.
    OwnerShare* share = nullptr;
    bool running = false;  ///< Handed to a receiver, or promised to one, and not answered.
    Timestamp due{};
    bool delayed = false;  ///< In BrokerHub's delayed set.
};

/// First in, first out; linked through the entries.
class EntryQueue {
public:
    void push(BrokerEntry& entry) noexcept {
        entry.behind = nullptr;
        (last_ == nullptr ? first_ : last_->behind) = &entry;
        last_ = &entry;
    }
    BrokerEntry* pop() noexcept {
        BrokerEntry* entry = first_;
        if (entry == nullptr) return nullptr;
        first_ = entry->behind;
        if (first_ == nullptr) last_ = nullptr;
        return entry;
    }
    void push_front(BrokerEntry& entry) noexcept {
        entry.behind = first_;
        first_ = &entry;
        if (last_ == nullptr) last_ = &entry;
    }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

private:
    BrokerEntry* first_ = nullptr;
    BrokerEntry* last_ = nullptr;
};

/// The entries of one owner, counted. Under the hub's lock.
struct OwnerShare {
    int entries = 0;
    int running = 0;
    int queued = 0;   ///< In the queues of seats and among the unplaced.
    EntryQueue kept;  ///< Kept back: the owner has its share, or slots are scarce and another entry
                      ///< of it is queued.
};

/// The hub's view of a receiver. Everything except `signal` is under the hub's lock.
///
/// It is *waiting* until an entry is handed to it. From then on its loop will run it, so entries
/// that follow in the same turn of the loop queue up behind it. An *offer* is posted after it:
/// entries that the receiver has not taken by then go to receivers that wait elsewhere.
struct Seat : Work {
    explicit Seat(Loop& l, Work::Run offer) noexcept : Work(offer), loop(l) {}
    Loop& loop;
    class BrokerHub* hub = nullptr;
    NodeId node;
    bool claims = false;  ///< Runs may be claimed for it.
    Lease lease{};
    int room = 0;        ///< How many entries its receiver can take, while it waits.
    int reserved = 0;    ///< Runs that are being claimed for it: promised, so part of its room.
    EntryQueue claimed;  ///< Runs that have been claimed for it.
    EntryQueue queue;
    BrokerEntry* handed = nullptr;
    Signal signal;
    std::optional<Timestamp> wakes_at;  ///< While waiting: looks for delayed entries then.
    bool waiting = false;
    bool offering = false;
    bool closed = false;
    bool released = false;  ///< Its receiver is gone; the offer that is still posted ends it.

    [[nodiscard]] bool all_promised() const noexcept { return reserved >= room; }
    [[nodiscard]] bool has_room() const noexcept { return waiting && !all_promised(); }
};

/// Keeps the entries and hands them to receivers. Safe from any thread.
///
/// Two kinds of locks, always in this order: one per shard of the index, and one for all queues,
/// which is held for a few pointer writes only. The invariant of the queues: while some receiver
/// waits and has room, an entry that is due stands only in the queue of a receiver with an offer
/// posted. A receiver is never given more than it has room for, so a run that is claimed for it
/// starts immediately.
///
/// Owners share the slots: see docs/adr/0010-shares-of-owners.md. Once a second owner is known,
/// each holds at most three quarters of the slots; when entries wait, those of one owner do not
/// wait behind all of another's. The invariant of the entries that are kept back: while some
/// receiver waits and has room, all of them belong to an owner that holds as many slots as it may.
class BrokerHub {
public:
    explicit BrokerHub(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}
    ~BrokerHub();
    BrokerHub(const BrokerHub&) = delete;
    BrokerHub& operator=(const BrokerHub&) = delete;

    void start();
    void stop();

    /// If the entry is known, it only becomes due earlier if it is still delayed.
    void enqueue(RunOperation operation, std::optional<Timestamp> not_before);
    /// Returns a seat that waits and has room, preferably on `loop`, which may be null. The caller
    /// claims a run for the seat's node, and then delivers it or releases the seat. Null when there
    /// is no such seat, or when `owner` holds as many slots as it may.
    Seat* reserve(const Loop* loop, std::uint64_t owner = 0);
    /// Hands the run over. If its seat is closed, the run is left to `take_unwanted`. REQUIRES: the
    /// owner is the one for which the seat was reserved.
    void deliver(Seat& seat, RunOperation operation, std::unique_ptr<Run> run);
    void let_go(Seat& seat, std::uint64_t owner = 0);
    /// Claimed runs whose receivers are gone.
    [[nodiscard]] std::vector<std::unique_ptr<Run>> take_unwanted();

    /// A delivered entry is due again.
    void put_back(BrokerEntry& entry, Duration delay);
    /// A delivered entry is finished.
    void forget(BrokerEntry& entry);

    /// With `claims`, runs may be claimed for the seat ahead of its receives. `slots`: see
    /// Broker::receiver.
    Seat& take_seat(Loop& loop, NodeId node, Lease lease, int slots, bool claims);
    void close(Seat& seat);
    /// The seat is not used any more. REQUIRES: closed.
    void release(Seat& seat);

    struct Taken {
        BrokerEntry* entry = nullptr;
        bool ended = false;            ///< Closed or stopped: there will be no more entries.
        std::optional<Duration> wait;  ///< Look again then, even without a signal.
    };
    /// An entry, if one is due. If there is none the seat waits: its signal says when to call
    /// again.
    Taken take_or_wait(Seat& seat, int room);

private:
    struct alignas(64) Shard {
        BriefMutex mutex;
        IntrusiveTable<BrokerEntry> entries;
    };
    [[nodiscard]] static std::uint64_t hash_of(const RunOperation& operation) noexcept {
        return operation.task.hash() + operation.turn * 0x9E3779B9ULL;
    }

    // All of these: REQUIRE the lock of the queues.
    void place(BrokerEntry& entry, std::optional<Timestamp> not_before);
    void delay(BrokerEntry& entry, Timestamp due);
    void undelay(BrokerEntry& entry);
    void push(BrokerEntry& entry);
    void queue(EntryQueue& queue, BrokerEntry& entry);
    /// The first entry of the queue that may run now.
    [[nodiscard]] BrokerEntry* next_of(EntryQueue& queue);
    [[nodiscard]] BrokerEntry* next_kept();
    [[nodiscard]] BrokerEntry* next_queued(Seat& seat);
    [[nodiscard]] int most_of_one_owner() const noexcept;
    [[nodiscard]] bool has_its_share(const OwnerShare* share) const noexcept;
    [[nodiscard]] OwnerShare* join_share(std::uint64_t owner);
    void keep_back(BrokerEntry& entry, bool first);
    /// Whether the order in which entries get their slots begins to matter.
    [[nodiscard]] bool slots_are_scarce() const noexcept {
        return slots_ != 0 && running_ >= slots_ / 2;
    }
    void begin(BrokerEntry& entry);
    void end(BrokerEntry& entry);
    void hand_out_kept();
    void forget_idle_owners();
    void hand(Seat& seat, BrokerEntry& entry);
    void stop_waiting(Seat& seat);
    void distribute(Seat& seat);
    void promote_due(Seat& seat);
    void ensure_somebody_wakes();
    [[nodiscard]] Seat* local_seat() noexcept;
    [[nodiscard]] Seat* any_waiting() noexcept;  ///< With room.
    [[nodiscard]] BrokerEntry* pick(Seat& seat);
    Taken take(Seat& seat, int room);

    void drop_claimed(BrokerEntry& entry);
    void end_if_unused(Seat& seat);

    static constexpr std::size_t kMostShares = 4096;

    static void run_offer(Work& work) noexcept;
    void offer(Seat& seat);

    const std::shared_ptr<const Clock> clock_;
    std::array<Shard, kShards> shards_;

    BriefMutex mutex_;
    EntryQueue unplaced_;  ///< Enqueued on a loop without a receiver, or while none waited.
    /// Of all owners that had an entry, while they are few.
    std::unordered_map<std::uint64_t, OwnerShare> shares_;
    std::size_t most_idle_shares_ = kMostShares;
    /// Those with entries that are kept back, in the order of their turns.
    std::deque<OwnerShare*> keeping_;
    bool kept_are_next_ = false;
    struct NodeSlots {
        int slots = 0;
        int seats = 0;
    };
    std::map<NodeId, NodeSlots> nodes_;
    int slots_ = 0;    ///< Of all nodes; 0: unknown.
    int running_ = 0;  ///< Entries that are handed out or promised, and not answered.
    std::set<std::pair<Timestamp, BrokerEntry*>> delayed_;
    std::vector<Seat*> open_;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::vector<BrokerEntry*> dropped_;  ///< With their claimed runs, which will not be delivered.
    std::size_t waiting_ = 0;
    std::size_t next_waiting_ = 0;
    int users_ = 0;
    bool stopped_ = false;
};

}  // namespace a2akit::local
