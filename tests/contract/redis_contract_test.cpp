#include "contract/redis_harness.hpp"

#include <a2akit/testing/broker_contract.hpp>
#include <a2akit/testing/cancel_registry_contract.hpp>
#include <a2akit/testing/event_bus_contract.hpp>

namespace a2akit::testing {
namespace {

class RedisBrokerHarness final : public BrokerHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.clock; }
    bool busy() override { return ports_.busy(); }
    Broker& broker() override { return *ports_.one; }
    Broker& other_node() override { return *ports_.two; }

private:
    static std::unique_ptr<Broker> make(std::shared_ptr<redis::RedisNode> node) {
        return std::make_unique<redis::RedisBroker>(std::move(node));
    }
    RedisPorts<Broker> ports_{make};
};

class RedisEventBusHarness final : public EventBusHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.clock; }
    bool busy() override { return ports_.busy(); }
    EventBus& bus() override { return *ports_.one; }
    EventBus& other_node() override { return *ports_.two; }

private:
    static std::unique_ptr<EventBus> make(std::shared_ptr<redis::RedisNode> node) {
        return std::make_unique<redis::RedisEventBus>(std::move(node),
                                                      std::make_shared<MemoryEventBus>());
    }
    RedisPorts<EventBus> ports_{make};
};

class RedisCancelRegistryHarness final : public CancelRegistryHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.clock; }
    bool busy() override { return ports_.busy(); }
    CancelRegistry& registry() override { return *ports_.one; }
    CancelRegistry& other_node() override { return *ports_.two; }

private:
    static std::unique_ptr<CancelRegistry> make(std::shared_ptr<redis::RedisNode> node) {
        return std::make_unique<redis::RedisCancelRegistry>(
            std::move(node), std::make_shared<MemoryCancelRegistry>());
    }
    RedisPorts<CancelRegistry> ports_{make};
};

template <class Base, class Made>
auto on_redis() {
    return ::testing::Values(ContractCase<Base>{"redis", [] { return std::make_unique<Made>(); }});
}

INSTANTIATE_TEST_SUITE_P(Backends, BrokerContract, (on_redis<BrokerHarness, RedisBrokerHarness>()),
                         case_name<BrokerHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, EventBusContract,
                         (on_redis<EventBusHarness, RedisEventBusHarness>()),
                         case_name<EventBusHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, CancelRegistryContract,
                         (on_redis<CancelRegistryHarness, RedisCancelRegistryHarness>()),
                         case_name<CancelRegistryHarness>);

}  // namespace
}  // namespace a2akit::testing

int main(int argc, char** argv) { return a2akit::test_support::run_with_redis(argc, argv); }
