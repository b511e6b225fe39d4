#pragma once

#include "runtime/runs/task_context_impl.hpp"
#include "runtime/runs/worker_node.hpp"

#include <a2akit/core/loop.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace a2akit {

/// The renewals of one round, sorted by task and epoch.
struct RenewalRound {
    std::uint64_t round = 0;
    std::vector<Renewal> renewals;
    std::vector<bool> known;  ///< For each of `renewals`: a loop of this server has the run.
};

/// Takes runs from the Broker, on one loop, and lets the Worker handle them. Every loop of a server
/// has one.
///
/// Takes a slot before it receives: entries beyond the limit stay in the Broker, where other nodes
/// find them. When many slots are free it holds some ahead, so that a Broker that claims runs can
/// claim several in one commit. Made, used and destroyed on its loop.
class WorkerAdapter {
public:
    /// REQUIRES: `node` outlives it.
    explicit WorkerAdapter(WorkerNode& node);
    WorkerAdapter(const WorkerAdapter&) = delete;
    WorkerAdapter& operator=(const WorkerAdapter&) = delete;
    /// REQUIRES: joined.
    ~WorkerAdapter();

    /// Begins to receive. Once.
    void start();

    /// Receives nothing more, and waits for the handlers until `deadline`, or until soon after
    /// `hurried` holds. Those that have not ended their turns by then are handed back: their
    /// `cancelled()` fires, and their later writes are refused. REQUIRES: `hurried`, if there is
    /// one, outlives the drain.
    Async<void> drain(SteadyTime deadline, const std::atomic<bool>* hurried = nullptr);

    /// Returns when every handler has returned. REQUIRES: drained.
    Async<void> join();

    /// Applies the last renewal's results to the runs on this loop, and marks those as known.
    void apply(RenewalRound& round);

    [[nodiscard]] Loop& loop() const noexcept { return loop_; }
    [[nodiscard]] std::size_t running() const noexcept { return running_; }

private:
    struct ActiveRun;
    struct Outcome;

    Async<void> dispatch();
    Async<bool> take_slot();
    Async<bool> wait_for_slot();
    Async<void> serve(std::unique_ptr<Delivery> delivery);

    Async<std::unique_ptr<ActiveRun>> claim(Delivery& delivery);
    Async<std::unique_ptr<ActiveRun>> claim_slowly(AsyncResult<Claimed> pending, Delivery& delivery,
                                                   WriteId id);
    /// The run, if its agent is one of this node's; else it is left to other nodes.
    Async<std::unique_ptr<ActiveRun>> accept(Delivery& delivery, Run&& run);
    std::unique_ptr<ActiveRun> make_run(const ServedAgent& agent, RunOperation operation,
                                        Run&& run);
    /// For an entry whose agent is known to be another node's.
    static Async<std::unique_ptr<ActiveRun>> put_back(Delivery& delivery);
    Async<std::unique_ptr<ActiveRun>> leave_to_others(Delivery& delivery, Run run);
    Async<void> answer_refusal(Delivery& delivery, Refusal refusal);
    Async<void> answer_busy(Delivery& delivery);

    Async<void> watch(ActiveRun& run);
    Async<void> wait_for_context(ActiveRun& run);
    void forget_context(const ActiveRun& run) noexcept;
    [[nodiscard]] bool must_not_start(ActiveRun& run) const;
    Async<void> conclude(ActiveRun& run, Outcome outcome);
    Async<void> end_in_place_of_handler(ActiveRun& run, Outcome outcome);
    Async<void> cancel_paused(ActiveRun& run);
    Async<void> forget_cancel(ActiveRun& run);
    Async<void> pause(ActiveRun& run);
    Async<void> finish(ActiveRun& run);
    Async<void> finish_canceled(ActiveRun& run);
    Async<void> retry_later(ActiveRun& run);
    Async<void> release(TaskId task, Epoch epoch, Release how, Timestamp not_before,
                        std::unique_ptr<Delivery> delivery);

    void enter(ActiveRun& run) noexcept;
    void leave(ActiveRun& run) noexcept;
    Async<void> hand_back_all();

    WorkerNode& node_;
    Loop& loop_;
    std::unique_ptr<Broker::Receiver> receiver_;
    TaskGroup dispatching_;
    TaskGroup runs_;
    ActiveRun* first_ = nullptr;
    const int ahead_;          ///< The slots that it holds while it waits, if enough are free.
    int held_ = 0;             ///< Slots for the next entries.
    std::size_t running_ = 0;  ///< Deliveries under way, each with its slot.
    Signal slot_;
    Signal idle_;
    bool waiting_for_slot_ = false;
    bool draining_ = false;
    bool handing_back_ = false;
    std::unordered_map<TaskId, int> busy_;  ///< How often a task in a row was found busy.
};

}  // namespace a2akit
