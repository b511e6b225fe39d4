#pragma once

#include "runtime/worker_adapter.hpp"
#include "runtime/worker_node.hpp"

#include <a2akit/core/loop.hpp>

#include <vector>

namespace a2akit {

/// Renews the leases of all runs of this node, in one call every third of a lease, and tells each run how it stands.
///
/// One per server. Belongs to the loop that starts it; visits the loops of the adapters.
class LeaseKeeper {
public:
    /// REQUIRES: node and adapters outlive it.
    LeaseKeeper(WorkerNode& node, std::vector<WorkerAdapter*> adapters);

    void start();
    /// Returns once nothing of it runs any more. Called after the adapters were joined: until then runs need leases.
    Async<void> stop();

private:
    Async<void> run();
    Async<void> renew_once();

    WorkerNode& node_;
    std::vector<WorkerAdapter*> adapters_;
    TaskGroup group_;
    Signal stop_;
};

}  // namespace a2akit
