#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/ports.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace a2akit::testing {

class FaultSource;

/// The faults that can be injected.
enum class Fault : std::uint8_t {
    kStorageBefore,     ///< A call fails with kUnavailable; nothing was done.
    kStorageAfter,      ///< A call is done, and then fails with kUnavailable: the answer is lost.
    kStorageDelayed,    ///< A call takes a while: others come in between.
    kBrokerDropped,     ///< An entry is accepted and never delivered: a sweep has to find its turn.
    kBrokerDuplicated,  ///< An entry is delivered twice, at the same time or after its ack.
    kBrokerDelayed,     ///< An entry arrives later, behind others that were enqueued after it.
    kBusDropped,        ///< A wake-up never arrives.
    kBusDuplicated,     ///< A wake-up arrives twice.
    kBusDelayed,        ///< A wake-up arrives later, behind others that were published after it.
    kCancelDropped,     ///< A cancel signal never arrives; Storage holds the request.
    kCancelDelayed,     ///< A cancel signal arrives later.
    kStorageThrown,  ///< A call throws std::runtime_error; nothing was done. No port may do that.
};
inline constexpr std::size_t kFaults = 12;

/// How often each fault strikes: probabilities from 0 to 1, per call or message.
struct FaultPlan {
    std::uint64_t seed = 1;  ///< Two runs with one seed, on one thread, meet the same faults.
    double storage_before = 0;
    double storage_after = 0;
    double storage_delayed = 0;
    double broker_dropped = 0;
    double broker_duplicated = 0;
    double broker_delayed = 0;
    double bus_dropped = 0;
    double bus_duplicated = 0;
    double bus_delayed = 0;
    double cancel_dropped = 0;
    double cancel_delayed = 0;
    double storage_thrown = 0;
    Duration delay_at_most{50};  ///< The longest delay of a message or call; at least 1 ms.

    /// Every fault that the contracts allow, with the same probability: all but kStorageThrown.
    [[nodiscard]] static FaultPlan everything(std::uint64_t seed, double probability);
    [[nodiscard]] double probability(Fault fault) const noexcept;
};

/// A set of ports that misbehave within their contracts (except for kStorageThrown): best-effort
/// calls fail now and then, and Storage is unavailable now and then. Code that uses them has to
/// reach the same result as with the real ports.
///
/// Storage, ContextStore and Maintenance fail or take longer; Broker, EventBus and CancelRegistry
/// lose, repeat, delay and reorder messages. start, stop and check never fail. Delayed messages
/// wait on the loop that sent them (without a loop they are sent immediately); `stop` of each port
/// waits for the port's own messages. REQUIRES: those loops run until `stop` has returned. Safe
/// from any thread.
class FaultyPorts {
public:
    /// Ports that are null stay null.
    [[nodiscard]] static FaultyPorts wrap(Ports inner, FaultPlan plan);

    [[nodiscard]] const Ports& ports() const noexcept { return ports_; }
    /// How often this fault has struck: a test asserts that it did.
    [[nodiscard]] std::int64_t injected(Fault fault) const noexcept;
    [[nodiscard]] std::int64_t injected() const noexcept;
    /// No faults from now on; messages that are delayed already still arrive late.
    void calm() noexcept;

private:
    Ports ports_;
    std::shared_ptr<FaultSource> source_;
};

}  // namespace a2akit::testing
