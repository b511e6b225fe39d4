#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"

#include <a2akit/testing/broker_contract.hpp>
#include <a2akit/testing/cancel_registry_contract.hpp>
#include <a2akit/testing/event_bus_contract.hpp>
#include <a2akit/testing/faulty_ports.hpp>

namespace a2akit::testing {
namespace {

class MemoryBrokerHarness final : public BrokerHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    Broker& broker() override { return broker_; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    MemoryBroker broker_{clock_};
};

class MemoryEventBusHarness final : public EventBusHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    EventBus& bus() override { return bus_; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    MemoryEventBus bus_;
};

class MemoryCancelRegistryHarness final : public CancelRegistryHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    CancelRegistry& registry() override { return registry_; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    MemoryCancelRegistry registry_;
};

template <class Base, class Made>
ContractCase<Base> memory() {
    return {"memory", [] { return std::make_unique<Made>(); }};
}

/// The decorators of FaultyPorts while no fault strikes: nobody may see that they are there.
class FaultlessBrokerHarness final : public BrokerHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    Broker& broker() override { return *faulty_.ports().broker; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    FaultyPorts faulty_ = FaultyPorts::wrap({.broker = std::make_shared<MemoryBroker>(clock_)}, {});
};

class FaultlessEventBusHarness final : public EventBusHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    EventBus& bus() override { return *faulty_.ports().event_bus; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    FaultyPorts faulty_ = FaultyPorts::wrap({.event_bus = std::make_shared<MemoryEventBus>()}, {});
};

class FaultlessCancelRegistryHarness final : public CancelRegistryHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    CancelRegistry& registry() override { return *faulty_.ports().cancel_registry; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    FaultyPorts faulty_ =
        FaultyPorts::wrap({.cancel_registry = std::make_shared<MemoryCancelRegistry>()}, {});
};

template <class Base, class Made>
ContractCase<Base> faultless() {
    return {"faultless", [] { return std::make_unique<Made>(); }};
}

INSTANTIATE_TEST_SUITE_P(Backends, BrokerContract,
                         ::testing::Values(memory<BrokerHarness, MemoryBrokerHarness>(),
                                           faultless<BrokerHarness, FaultlessBrokerHarness>()),
                         case_name<BrokerHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, EventBusContract,
                         ::testing::Values(memory<EventBusHarness, MemoryEventBusHarness>(),
                                           faultless<EventBusHarness, FaultlessEventBusHarness>()),
                         case_name<EventBusHarness>);
INSTANTIATE_TEST_SUITE_P(
    Backends, CancelRegistryContract,
    ::testing::Values(memory<CancelRegistryHarness, MemoryCancelRegistryHarness>(),
                      faultless<CancelRegistryHarness, FaultlessCancelRegistryHarness>()),
    case_name<CancelRegistryHarness>);

}  // namespace
}  // namespace a2akit::testing
