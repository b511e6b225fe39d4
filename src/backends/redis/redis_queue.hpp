#pragma once

#include "backends/redis/redis_link.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/core/loop.hpp>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::redis {

class RedisNode;

/// This process's side of the stream: its receivers, what was read for them, what they hold.
///
/// While receivers wait, one XREADGROUP waits for them all on a connection of its own, with room
/// for as many entries as there are of them. Delayed runs are moved into the stream by a receiver
/// that waits: when one gets due, and else once a second. Held entries are kept alive, so that
/// other nodes do not take them for abandoned; entries that other nodes abandoned are claimed. Safe
/// from any thread, but for `start` and `stop`, which belong to the node's loop.
class RedisQueue {
public:
    explicit RedisQueue(RedisNode& node);
    RedisQueue(const RedisQueue&) = delete;
    RedisQueue& operator=(const RedisQueue&) = delete;

    AsyncResult<void> start();
    /// Every receive ends; what this process holds goes back into the stream.
    Async<void> stop();
    /// kUnavailable while nothing can be read. On the node's loop.
    [[nodiscard]] Result<void> state() const { return reading_.state(); }

    AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp> not_before);
    /// A delayed run of another node's: a receiver looks when it is due.
    void look();

    /// A receiver as the queue sees it; used on its loop.
    struct Seat {
        Seat(Loop& l, NodeId n) : loop(l), node(n) {}
        Loop& loop;
        const NodeId node;
        Signal signal;
        bool waiting = false;  ///< Under the queue's lock, like all that follows.
        bool closed = false;
        SteadyTime wakes_at{};
        std::unique_ptr<Delivery> handed;
    };
    /// `slots`: see Broker::receiver.
    [[nodiscard]] std::shared_ptr<Seat> take_seat(Loop& loop, NodeId node, int slots);
    void close(Seat& seat);
    /// Null: closed or stopped.
    Async<std::unique_ptr<Delivery>> receive(std::shared_ptr<Seat> seat);

    /// How many entries this process holds, whether a receiver waits for one, and whether one is to
    /// be put back.
    [[nodiscard]] std::size_t held();
    [[nodiscard]] bool wants();
    [[nodiscard]] bool tidying();

private:
    class Entry;
    using Deliveries = std::vector<std::unique_ptr<Delivery>>;
    struct Ready {
        std::unique_ptr<Delivery> delivery;
        SteadyTime since{};
    };
    struct Dropped {
        std::string id;
        RunOperation operation;
    };
    struct Step {
        std::unique_ptr<Delivery> delivery;
        bool ended = false;
        bool look = false;
        SteadyTime wait_until{};
    };

    // Receiving. All that end in _locked REQUIRE the lock.
    Step next_step(Seat& seat);
    [[nodiscard]] Seat* next_waiting_locked();
    [[nodiscard]] int room_locked() const;
    void wake_locked(Seat& seat);
    void ensure_somebody_looks_locked();
    void place_locked(std::unique_ptr<Delivery> delivery);
    void hand_out(RedisValue entries);
    Async<void> look_for_due();
    void note_delayed(Duration delay);

    // Reading, on the node's loop.
    Async<void> read();
    Async<bool> read_once(int room);
    AsyncResult<void> prepare();

    // Answering.
    AsyncResult<void> ack(std::string id, RunOperation operation);
    AsyncResult<void> nack(std::string id, RunOperation operation, Duration delay);
    void let_go(const std::string& id);
    void drop(const std::string& id, RunOperation operation);

    // Upkeep, on the node's loop.
    Async<void> tend();
    [[nodiscard]] bool slots_changed();
    Async<void> tell_slots();
    [[nodiscard]] int slots_locked() const;
    Async<void> put_back();
    [[nodiscard]] Deliveries take_stale(SteadyTime before);
    Async<void> keep_alive();
    Async<void> claim_abandoned();
    Async<void> drop_old_consumers();

    RedisNode& node_;
    RedisLink reading_;
    const std::string consumer_;
    const std::string stream_;
    const std::vector<std::string> keys_;  ///< Of the scripts that move entries.
    std::string claim_from_ = "0-0";

    std::mutex mutex_;
    std::vector<std::shared_ptr<Seat>> seats_;
    std::size_t next_seat_ = 0;
    std::set<std::string> held_;  ///< Entries that are ready or delivered.
    std::deque<Dropped> dropped_;
    std::map<NodeId, int> slots_;  ///< Of the nodes that receive here; their receivers may be gone.
    int slots_told_ = 0;           ///< What the server knows.
    SteadyTime look_at_{};         ///< In the receivers' time.
    bool looking_ = false;
    bool stopped_ = true;
    Signal wanted_;
    Signal attention_;
    Signal stop_reading_;
    std::deque<Ready> ready_;  ///< Ends before what an entry that is dropped uses.
    TaskGroup group_;
};

}  // namespace a2akit::redis
