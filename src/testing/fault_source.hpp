#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/testing/faulty_ports.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>

namespace a2akit::testing {

/// Decides which calls and messages a fault strikes. Each kind of fault has a sequence of its own,
/// so that a call more or less on one port does not change what happens to the others.
class FaultSource {
public:
    explicit FaultSource(const FaultPlan& plan);

    /// True when this fault strikes now; counted.
    [[nodiscard]] bool strikes(Fault fault);
    /// How long the thing that was struck is delayed.
    [[nodiscard]] Duration delay();
    [[nodiscard]] bool coin();

    [[nodiscard]] std::int64_t injected(Fault fault) const noexcept;
    void calm() noexcept;

private:
    [[nodiscard]] double draw(std::mt19937_64& random);

    const FaultPlan plan_;
    mutable std::mutex mutex_;
    std::array<std::mt19937_64, kFaults> random_;
    std::mt19937_64 details_;
    std::array<std::int64_t, kFaults> injected_{};
    bool calm_ = false;
};

/// Sends messages later, each on the loop that gave it.
class Delayer {
public:
    using Send = std::function<AsyncResult<void>()>;

    /// Calls `send` after `delay`; immediately on a thread without a loop.
    void later(Duration delay, Send send);
    /// Returns on the loop it was called on, when everything given before has been sent.
    Async<void> join();

private:
    static Async<void> run(Duration delay, Send send);

    std::mutex mutex_;
    std::map<Loop*, std::unique_ptr<TaskGroup>> groups_;  ///< Each used on its own loop only.
};

[[nodiscard]] std::shared_ptr<Storage> make_faulty(std::shared_ptr<Storage> inner,
                                                   std::shared_ptr<FaultSource> faults);
[[nodiscard]] std::shared_ptr<ContextStore> make_faulty(std::shared_ptr<ContextStore> inner,
                                                        std::shared_ptr<FaultSource> faults);
[[nodiscard]] std::shared_ptr<Maintenance> make_faulty(std::shared_ptr<Maintenance> inner,
                                                       std::shared_ptr<FaultSource> faults);
[[nodiscard]] std::shared_ptr<Broker> make_faulty(std::shared_ptr<Broker> inner,
                                                  std::shared_ptr<FaultSource> faults);
[[nodiscard]] std::shared_ptr<EventBus> make_faulty(std::shared_ptr<EventBus> inner,
                                                    std::shared_ptr<FaultSource> faults);
[[nodiscard]] std::shared_ptr<CancelRegistry> make_faulty(std::shared_ptr<CancelRegistry> inner,
                                                          std::shared_ptr<FaultSource> faults);

}  // namespace a2akit::testing
