#pragma once

#include "runtime/runs/context_vault.hpp"

#include <a2akit/broker/broker.hpp>
#include <a2akit/cancel/cancel_registry.hpp>
#include <a2akit/core/loop.hpp>
#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/storage.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

struct RecoveryPorts {
    std::shared_ptr<Storage> storage;
    std::shared_ptr<Maintenance> maintenance;
    std::shared_ptr<Broker> broker;
    std::shared_ptr<EventBus> bus;
    std::shared_ptr<CancelRegistry> cancels;
    std::shared_ptr<EventEmitter> emitter;
    /// Called with each sweep while Storage has been away for kOutage.
    std::function<void()> on_outage = {};
    std::shared_ptr<ContextVault> vault = nullptr;  ///< May be null.
};

/// Finds work whose hints and wake-ups were lost: turns without a run, runs whose node died,
/// cancels that are overdue, subscribers that missed the last event, contexts of turns that ended
/// on other nodes. Failures are logged and tried again; nothing stops the sweeps.
///
/// One per server; belongs to the loop that starts it.
class Recovery {
public:
    static constexpr Duration kSweepEvery{500};
    static constexpr Duration kTailCheckEvery{1000};
    static constexpr Duration kForgetEvery{10'000};
    static constexpr Duration kOutage{5000};

    /// `max_attempts`: how often a turn may be claimed.
    Recovery(RecoveryPorts ports, int max_attempts);

    void start();
    /// Returns once none of its coroutines runs any more.
    Async<void> stop();

    /// One sweep, and one tail check, now. For tests and for a bus that has reconnected.
    Async<void> sweep();
    Async<void> check_tails();
    /// Drops the contexts whose turns have ended.
    Async<void> forget_contexts();

private:
    Async<void> sweep_regularly();
    Async<void> check_tails_regularly();
    Async<void> forget_contexts_regularly();
    /// Handles the next tasks from `at` on, and moves `at`. It does not handle all of them in one
    /// go, so that the loop's streams are not held up.
    AsyncResult<std::vector<Tail>> next_tails(const std::vector<TaskId>& tasks, std::size_t& at);
    Async<void> handle(Due due);
    void note_failure(std::string_view who, const Error& error, SteadyTime asked_at);
    Async<void> force_end(Due due, TaskState state, std::string reason);

    RecoveryPorts ports_;
    int max_attempts_;
    std::optional<SteadyTime> out_since_;  ///< Since then Storage has not answered the sweeps.
    TaskGroup group_;
    Signal stop_sweeps_;
    Signal stop_tail_checks_;
    Signal stop_forgetting_;
};

}  // namespace a2akit
