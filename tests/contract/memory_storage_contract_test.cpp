#include "backends/memory/memory_storage.hpp"

#include <a2akit/testing/context_store_contract.hpp>
#include <a2akit/testing/maintenance_contract.hpp>
#include <a2akit/testing/push_store_contract.hpp>
#include <a2akit/testing/storage_contract.hpp>
#include <a2akit/testing/task_rules_contract.hpp>

namespace a2akit::testing {
namespace {

class MemoryStorageHarness final : public StorageHarness {
public:
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    Storage& storage() override { return storage_; }
    ContextStore& contexts() override { return storage_; }
    Maintenance& maintenance() override { return storage_; }
    PushStore& push_store() override { return storage_; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    backends::MemoryStorage storage_{clock_, 0};
};

const ContractCase<StorageHarness> kMemory{"memory",
                                           [] { return std::make_unique<MemoryStorageHarness>(); }};

INSTANTIATE_TEST_SUITE_P(Backends, StorageContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, StorageListContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, ContextStoreContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, MaintenanceContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, PushStoreContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, TaskRulesContract, ::testing::Values(kMemory),
                         case_name<StorageHarness>);

}  // namespace
}  // namespace a2akit::testing
