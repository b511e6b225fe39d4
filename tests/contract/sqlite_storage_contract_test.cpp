#include "backends/sqlite/sqlite_storage.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/context_store_contract.hpp>
#include <a2akit/testing/maintenance_contract.hpp>
#include <a2akit/testing/push_store_contract.hpp>
#include <a2akit/testing/storage_contract.hpp>
#include <a2akit/testing/task_rules_contract.hpp>

namespace a2akit::testing {
namespace {

class SqliteStorageHarness final : public StorageHarness {
public:
    SqliteStorageHarness() {
        sqlite::DatabaseOptions options;
        options.path = directory_.file("a2akit.db");
        options.synchronous = sqlite::Synchronous::kNormal;
        storage_ = sqlite::SqliteStorage::open(std::move(options), clock_).value_or_throw();
    }
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    bool busy() override { return storage_->busy(); }
    Storage& storage() override { return *storage_; }
    ContextStore& contexts() override { return *storage_; }
    Maintenance& maintenance() override { return *storage_; }
    PushStore& push_store() override { return *storage_; }

private:
    test_support::TemporaryDirectory directory_;
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    std::shared_ptr<sqlite::SqliteStorage> storage_;
};

const ContractCase<StorageHarness> kSqlite{"sqlite",
                                           [] { return std::make_unique<SqliteStorageHarness>(); }};

INSTANTIATE_TEST_SUITE_P(Backends, StorageContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, StorageListContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, ContextStoreContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, MaintenanceContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, PushStoreContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);
INSTANTIATE_TEST_SUITE_P(Backends, TaskRulesContract, ::testing::Values(kSqlite),
                         case_name<StorageHarness>);

}  // namespace
}  // namespace a2akit::testing
