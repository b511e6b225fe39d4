#pragma once

#include "runtime/runs/worker_adapter.hpp"
#include "runtime/runs/worker_node.hpp"

#include <a2akit/core/loop.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace a2akit {

/// Renews the leases of all runs of this node, in one call every third of a lease, and tells each
/// run how it stands. Gives back the runs that no adapter has, because the answer to their claim or
/// release was lost: while this node renews them, no other node could take their tasks over.
///
/// One per server. Belongs to the loop that starts it. That loop should not run handlers: a handler
/// that blocks its thread must not keep the leases from being renewed. It visits the loops of the
/// adapters, and waits for none of them.
class LeaseKeeper {
public:
    /// REQUIRES: node and adapters outlive it.
    LeaseKeeper(WorkerNode& node, std::vector<WorkerAdapter*> adapters);

    void start();
    /// Returns once nothing of it runs any more. Called after the adapters were joined: until then
    /// runs need leases.
    Async<void> stop();

private:
    /// A round on its way over the loops of the adapters.
    struct Round {
        RenewalRound renewal;
        std::size_t to_visit = 0;
    };
    struct Visited {
        WorkerAdapter* adapter = nullptr;
        bool under_way = false;            ///< Its loop has not answered yet.
        std::shared_ptr<Round> next = {};  ///< The next round for this loop; null: none.
    };

    Async<void> run();
    Async<void> renew_once();
    Async<void> visit(Visited& visited);
    Async<void> give_back_strangers(const RenewalRound& round);
    Async<void> give_back(TaskId task, Epoch epoch);

    WorkerNode& node_;
    std::vector<Visited> adapters_;
    std::shared_ptr<Round> last_;  ///< The round that was begun last; null: its renewal failed.
    /// Runs that no adapter had in the last round; sorted.
    std::vector<std::pair<TaskId, Epoch>> strangers_;
    bool failing_ = false;  ///< An outage has been logged: once is enough.
    TaskGroup group_;
    Signal stop_;
};

}  // namespace a2akit
