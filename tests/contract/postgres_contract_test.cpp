#include "contract/postgres_harness.hpp"

#include <a2akit/testing/broker_contract.hpp>
#include <a2akit/testing/cancel_registry_contract.hpp>
#include <a2akit/testing/context_store_contract.hpp>
#include <a2akit/testing/event_bus_contract.hpp>
#include <a2akit/testing/maintenance_contract.hpp>
#include <a2akit/testing/push_store_contract.hpp>
#include <a2akit/testing/storage_contract.hpp>
#include <a2akit/testing/task_rules_contract.hpp>

namespace a2akit::testing {
namespace {

class PostgresStorageHarness final : public StorageHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return pair_.clock; }
    bool busy() override { return node_->busy(); }
    Storage& storage() override { return storage_; }
    ContextStore& contexts() override { return storage_; }
    Maintenance& maintenance() override { return storage_; }
    PushStore& push_store() override { return storage_; }

private:
    PostgresPair pair_;
    std::shared_ptr<postgres::PostgresNode> node_ = pair_.make_node();
    postgres::PostgresStorage storage_{node_};
};

class PostgresBrokerHarness final : public BrokerHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.pair.clock; }
    bool busy() override { return ports_.busy(); }
    Broker& broker() override { return *ports_.one; }
    Broker& other_node() override { return *ports_.two; }
    Duration redelivered_within() const override { return std::chrono::seconds(31); }

private:
    static std::unique_ptr<Broker> make(std::shared_ptr<postgres::PostgresNode> node) {
        auto& queue = node->queue();
        node->notifier().handlers.runs = [&queue] { queue.hint_from_afar(); };
        return std::make_unique<postgres::PostgresBroker>(std::move(node));
    }
    PostgresPorts<Broker> ports_{make};
};

class PostgresEventBusHarness final : public EventBusHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.pair.clock; }
    bool busy() override { return ports_.busy(); }
    EventBus& bus() override { return *ports_.one; }
    EventBus& other_node() override { return *ports_.two; }

private:
    static std::unique_ptr<EventBus> make(std::shared_ptr<postgres::PostgresNode> node) {
        return std::make_unique<postgres::PostgresEventBus>(std::move(node),
                                                            std::make_shared<MemoryEventBus>());
    }
    PostgresPorts<EventBus> ports_{make};
};

class PostgresCancelRegistryHarness final : public CancelRegistryHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return ports_.pair.clock; }
    bool busy() override { return ports_.busy(); }
    CancelRegistry& registry() override { return *ports_.one; }
    CancelRegistry& other_node() override { return *ports_.two; }

private:
    static std::unique_ptr<CancelRegistry> make(std::shared_ptr<postgres::PostgresNode> node) {
        return std::make_unique<postgres::PostgresCancelRegistry>(
            std::move(node), std::make_shared<MemoryCancelRegistry>());
    }
    PostgresPorts<CancelRegistry> ports_{make};
};

template <class Base, class Made>
auto on_postgres() {
    return ::testing::Values(
        ContractCase<Base>{"postgres", [] { return std::make_unique<Made>(); }});
}

const auto kStorage = on_postgres<StorageHarness, PostgresStorageHarness>();
INSTANTIATE_TEST_SUITE_P(Backends, StorageContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, StorageListContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, ContextStoreContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, MaintenanceContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, PushStoreContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, TaskRulesContract, kStorage, case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, BrokerContract,
                         (on_postgres<BrokerHarness, PostgresBrokerHarness>()),
                         case_name<BrokerHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, EventBusContract,
                         (on_postgres<EventBusHarness, PostgresEventBusHarness>()),
                         case_name<EventBusHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, CancelRegistryContract,
                         (on_postgres<CancelRegistryHarness, PostgresCancelRegistryHarness>()),
                         case_name<CancelRegistryHarness>);

}  // namespace
}  // namespace a2akit::testing

int main(int argc, char** argv) { return a2akit::test_support::run_with_postgres(argc, argv); }
