#include "backends/sqlite/sqlite_broker.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/broker_contract.hpp>

namespace a2akit::testing {
namespace {

class SqliteBrokerHarness final : public BrokerHarness {
public:
    SqliteBrokerHarness() {
        sqlite::DatabaseOptions options;
        options.path = directory_.file("a2akit.db");
        options.synchronous = sqlite::Synchronous::kNormal;
        storage_ = sqlite::SqliteStorage::open(std::move(options), clock_).value_or_throw();
        broker_ = std::make_unique<sqlite::SqliteBroker>(storage_);
    }
    std::shared_ptr<FakeClock> clock() override { return clock_; }
    bool busy() override { return storage_->busy(); }
    Broker& broker() override { return *broker_; }

private:
    test_support::TemporaryDirectory directory_;
    std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
    std::shared_ptr<sqlite::SqliteStorage> storage_;
    std::unique_ptr<sqlite::SqliteBroker> broker_;
};

const ContractCase<BrokerHarness> kSqlite{"sqlite",
                                          [] { return std::make_unique<SqliteBrokerHarness>(); }};

INSTANTIATE_TEST_SUITE_P(Backends, BrokerContract, ::testing::Values(kSqlite),
                         case_name<BrokerHarness>);

}  // namespace
}  // namespace a2akit::testing
