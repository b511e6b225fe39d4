#pragma once

#include "backends/postgres/slot_shares.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/core/loop.hpp>
#include <a2akit/storage/storage.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace a2akit::postgres {

class PgParams;
class PgRow;
class PostgresNode;

/// This process's side of the queue table: its receivers, what was fetched for them, and when to
/// look again.
///
/// Receivers that wait look into the table themselves, one or two at a time: after a hint, when an
/// entry gets due, and else once a second. One look takes what several receivers can use. Safe from
/// any thread, but for `start` and `stop`, which belong to the node's loop.
class RunQueue {
public:
    explicit RunQueue(PostgresNode& node) : node_(node) {}
    RunQueue(const RunQueue&) = delete;
    RunQueue& operator=(const RunQueue&) = delete;

    void start();
    /// Every receive ends; runs that were not received go back into the table.
    Async<void> stop();

    /// Something may be due, `entries` of it: a receiver looks. Without one that waits, the other
    /// nodes are told. `owner`: whose it is, 0 when that is not known.
    void hint(int entries = 1, std::uint64_t owner = 0);
    /// The same, told by another node.
    void hint_from_afar();

    /// A receiver as the queue sees it; used on its loop.
    struct Seat {
        Seat(Loop& l, NodeId n, Lease le) : loop(l), node(n), lease(le) {}
        Loop& loop;
        const NodeId node;
        const Lease lease;
        Signal signal;
        bool waiting = false;  ///< Under the queue's lock, like the next.
        bool fetching = false;
        bool receiving = false;  ///< It has been asked for an entry, and has given none yet.
        bool closed = false;
        int room = 1;  ///< So many entries it can take, while it is receiving.
    };
    /// `slots`: see Broker::receiver.
    [[nodiscard]] std::shared_ptr<Seat> take_seat(Loop& loop, NodeId node, Lease lease, int slots);
    void close(Seat& seat);
    /// Null: closed or stopped.
    Async<std::unique_ptr<Delivery>> receive(std::shared_ptr<Seat> seat, int room);

    /// What a write needs to claim the turn that it makes.
    struct Claim {
        WriteId id;
        NodeId node;
        Lease lease{};
    };
    /// For a receiver that has room now. Nothing while half of the slots are taken: then the order
    /// of the entries and the shares of their owners matter. Each claim is either delivered or let
    /// go.
    [[nodiscard]] std::optional<Claim> promise_claim();
    void deliver(RunOperation operation, Run run);
    /// `lost`: the claim may have been written all the same, and is given back soon.
    void let_go(const Claim& claim, bool lost);

    // Each delivery is answered by one of the last three.
    /// A delivered entry without a run: while it is held, it is not given to others.
    void hold(RunOperation operation, WriteId taken);
    void let_go(RunOperation operation);
    /// A claimed run has ended.
    void finish(RunOperation operation);
    /// A claimed run will not be executed: it is handed back soon.
    void drop(RunOperation operation, Epoch epoch, Duration delay);

private:
    static constexpr Duration kVisibleAgain = std::chrono::seconds(30);

    struct Ready {
        std::unique_ptr<Delivery> delivery;
        SteadyTime since{};  ///< In the node's time, since it is tidied there.
    };
    struct Dropped {
        TaskId task;
        Turn turn = 0;
        Epoch epoch = 0;
        Duration delay{};
        Release how{};  ///< kRetry: it cannot be read.
    };
    struct Step {
        std::unique_ptr<Delivery> delivery;
        bool ended = false;
        SlotShares::Look look;  ///< With a limit of 0: wait.
        std::int64_t after = 0;
        bool hinted = false;  ///< This node has enqueued something since the last look.
        SteadyTime wait_until{};
    };

    /// What a look has found.
    struct Fetched {
        std::vector<std::unique_ptr<Delivery>> deliveries;
        std::optional<Duration> next;  ///< When to look again.
        bool left = false;             ///< Entries stay, since their owner has its share.
    };

    Step next_step(Seat& seat, int room);
    Step wait_locked(Seat& seat, SteadyTime now);
    [[nodiscard]] int wanted_locked(SteadyTime now, int free);
    Async<void> fetch(const Seat& seat, Step step);
    Async<void> pass_over_damaged(PgParams params, const Step& step);
    std::unique_ptr<Delivery> read_entry(PgRow& row, WriteId id);
    void end_fetch(Fetched fetched, const Step& step);
    void end_locked(RunOperation operation);
    void lose_locked(NodeId node, WriteId claim);
    void wake_one_locked();
    [[nodiscard]] int room_locked() const;
    [[nodiscard]] bool time_to_renew(SteadyTime now, SteadyTime& last);
    Async<void> renew_held();
    Async<void> tidy_regularly();
    Async<void> tidy(SteadyTime ready_before);
    Async<void> hand_back(Dropped one);
    [[nodiscard]] std::vector<std::unique_ptr<Delivery>> take_stale(SteadyTime before);

    PostgresNode& node_;
    std::mutex mutex_;
    std::map<std::pair<TaskId, Turn>, WriteId> held_;
    std::vector<std::shared_ptr<Seat>> seats_;
    std::vector<Dropped> dropped_;
    std::map<NodeId, std::vector<Uuid>> lost_;  ///< Claims whose writes were not answered.
    SteadyTime look_at_{};
    SteadyTime renewed_{};  ///< By a receiver, in its loop's time.
    SteadyTime fetched_{};
    SlotShares shares_;
    std::int64_t after_ = 0;  ///< The owner whose turn it was last.
    int fetching_ = 0;
    int coming_ = 0;  ///< So many entries at most that are being fetched.
    int hints_ = 0;
    int backlog_ = 1;  ///< How many entries the next look may take because more were due than the
                       ///< last one took.
    bool hinted_ = false;
    bool dirty_ = false;
    bool stopped_ = true;
    Signal stop_tidying_;
    std::deque<Ready> ready_;  ///< Ends before what an entry that is dropped uses.
    TaskGroup group_;
};

}  // namespace a2akit::postgres
