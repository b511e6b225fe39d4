#pragma once

#include "backends/common/intrusive_table.hpp"
#include "backends/common/pooled.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/core/loop.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace a2akit::local {

/// One run operation, from its first enqueue to its ack.
struct BrokerEntry : TableLink<BrokerEntry>, Pooled {
    explicit BrokerEntry(RunOperation op) noexcept : operation(op) {}
    const RunOperation operation;
    BrokerEntry* behind = nullptr;  ///< In its queue.
    std::unique_ptr<Run> run;       ///< Claimed already, for the node of its seat.
    Timestamp due{};
    bool delayed = false;           ///< In BrokerHub's delayed set. Under its lock.
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
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }

private:
    BrokerEntry* first_ = nullptr;
    BrokerEntry* last_ = nullptr;
};

/// A receiver as the hub sees it. Everything but `signal` is under the hub's lock.
///
/// It is *waiting* until an entry is handed to it. From then on its loop will run it, so entries that follow in the same
/// turn of the loop queue up behind, and an *offer* is posted after it: what the receiver has left by then goes to
/// receivers that wait elsewhere.
struct Seat : Work {
    explicit Seat(Loop& l, Work::Run offer) noexcept : Work(offer), loop(l) {}
    Loop& loop;
    class BrokerHub* hub = nullptr;
    NodeId node;           ///< Nil: its entries are not claimed for it.
    Lease lease{};
    int room = 0;          ///< So many entries its receiver can take, while it waits.
    int reserved = 0;      ///< Runs that are being claimed for it: promised, so part of its room.
    EntryQueue claimed;    ///< Those that were: for this seat only.
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

/// Which entries there are, and who gets them. Safe from any thread.
///
/// Two kinds of locks, always in this order: one per shard of the index, and one for all queues, which is held for a
/// few pointer writes only. The invariant of the queues: while some receiver waits and has room, an entry that is due
/// stands only in the queue of a receiver with an offer posted. And a receiver is never given more than it has room for,
/// so a run that is claimed for it starts at once.
class BrokerHub {
public:
    explicit BrokerHub(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}
    ~BrokerHub();
    BrokerHub(const BrokerHub&) = delete;
    BrokerHub& operator=(const BrokerHub&) = delete;

    void start();
    void stop();

    /// Nothing when the entry is known, except that it gets due earlier if it is still delayed.
    void enqueue(RunOperation operation, std::optional<Timestamp> not_before);
    /// A seat that waits now and has room, one of this loop rather than another: the caller claims a run for its node,
    /// and then delivers it or lets go of the seat. Null: none. `loop` may be null.
    Seat* reserve(const Loop* loop);
    /// Hands the run over. One that finds its seat closed is left to `take_unwanted`.
    void deliver(Seat& seat, RunOperation operation, std::unique_ptr<Run> run);
    void let_go(Seat& seat);
    /// Claimed runs that nobody will take.
    [[nodiscard]] std::vector<std::unique_ptr<Run>> take_unwanted();

    /// A delivered entry is due again.
    void put_back(BrokerEntry& entry, Duration delay);
    /// A delivered entry is done with.
    void forget(BrokerEntry& entry);

    /// With a node, runs may be claimed for the seat ahead of its receives.
    Seat& take_seat(Loop& loop, NodeId node = {}, Lease lease = {});
    void close(Seat& seat);
    /// The seat is not used any more. REQUIRES: closed.
    void release(Seat& seat);

    struct Taken {
        BrokerEntry* entry = nullptr;
        bool ended = false;              ///< Closed or stopped: there will be none.
        std::optional<Duration> wait;    ///< Look again then, even without a signal.
    };
    /// An entry, if one is due; never waits.
    Taken take(Seat& seat, int room);
    /// The same, but when there is none the seat waits: its signal says when to come again.
    Taken take_or_wait(Seat& seat, int room);

private:
    struct alignas(64) Shard {
        std::mutex mutex;
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
    void hand(Seat& seat, BrokerEntry& entry);
    void stop_waiting(Seat& seat);
    void distribute(Seat& seat);
    void promote_due(Seat& seat);
    void ensure_somebody_wakes();
    [[nodiscard]] Seat* local_seat() noexcept;
    [[nodiscard]] Seat* any_waiting() noexcept;  ///< With room.
    [[nodiscard]] BrokerEntry* pick(Seat& seat);
    Taken take_locked(Seat& seat, int room);

    void drop_claimed(BrokerEntry& entry);
    void end_if_unused(Seat& seat);

    static void run_offer(Work& work) noexcept;
    void offer(Seat& seat);

    const std::shared_ptr<const Clock> clock_;
    std::array<Shard, kShards> shards_;

    std::mutex mutex_;
    EntryQueue unplaced_;  ///< Enqueued where no receiver is, or nobody waited.
    std::set<std::pair<Timestamp, BrokerEntry*>> delayed_;
    std::vector<Seat*> open_;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::vector<BrokerEntry*> dropped_;  ///< With their runs, which nobody will take.
    std::size_t waiting_ = 0;
    std::size_t next_waiting_ = 0;
    int users_ = 0;
    bool stopped_ = false;
};

}  // namespace a2akit::local
