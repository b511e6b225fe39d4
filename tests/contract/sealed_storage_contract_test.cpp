#include "backends/common/sealed_ports.hpp"
#include "backends/memory/memory_storage.hpp"

#include <a2akit/testing/context_store_contract.hpp>
#include <a2akit/testing/maintenance_contract.hpp>
#include <a2akit/testing/push_store_contract.hpp>
#include <a2akit/testing/storage_contract.hpp>

namespace a2akit::testing {
namespace {

/// An engine to which everything is given encrypted: whoever calls it does not notice.
class SealedStorageHarness final : public StorageHarness {
public:
    SealedStorageHarness() {
        const auto engine = std::make_shared<backends::MemoryStorage>(clock_, 0);
        Ports plain;
        plain.storage = engine;
        plain.context_store = engine;
        plain.maintenance = engine;
        plain.push_store = engine;
        ports_ = backends::sealed_ports(
            std::move(plain),
            backends::DataKeys::parse("k:" + std::string(64, '7')).value_or_throw());
    }
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    Storage& storage() override { return *ports_.storage; }
    ContextStore& contexts() override { return *ports_.context_store; }
    Maintenance& maintenance() override { return *ports_.maintenance; }
    PushStore& push_store() override { return *ports_.push_store; }

private:
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    Ports ports_;
};

const ContractCase<StorageHarness> kSealed{"sealed",
                                           [] { return std::make_unique<SealedStorageHarness>(); }};

INSTANTIATE_TEST_SUITE_P(Sealed, StorageContract, ::testing::Values(kSealed),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Sealed, StorageListContract, ::testing::Values(kSealed),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Sealed, ContextStoreContract, ::testing::Values(kSealed),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Sealed, MaintenanceContract, ::testing::Values(kSealed),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Sealed, PushStoreContract, ::testing::Values(kSealed),
                         case_name<StorageHarness>);

}  // namespace
}  // namespace a2akit::testing
