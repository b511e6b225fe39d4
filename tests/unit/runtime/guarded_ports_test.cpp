#include "runtime/guarded_ports.hpp"
#include "storage/forwarding_ports.hpp"
#include "worker_fixture.hpp"

#include <a2akit/testing/faulty_ports.hpp>

#include <stdexcept>

namespace a2akit {
namespace {

using std::chrono::seconds;
using testing::FaultPlan;
using testing::FaultyPorts;

/// Whose receivers throw as often as they are told.
class ThrowingBroker final : public ForwardingBroker<> {
public:
    class ThrowingReceiver final : public Receiver {
    public:
        explicit ThrowingReceiver(ThrowingBroker& broker, std::unique_ptr<Receiver> inner)
            : broker_(broker), inner_(std::move(inner)) {}
        Async<std::unique_ptr<Delivery>> receive(int room) override {
            if (broker_.early-- > 0) throw std::runtime_error("no queue");
            return receive_inner(room);
        }
        void close() noexcept override { inner_->close(); }

    private:
        Async<std::unique_ptr<Delivery>> receive_inner(int room) {
            auto pending = inner_->receive(room);
            std::unique_ptr<Delivery> delivery = co_await std::move(pending);
            if (broker_.late-- > 0) throw 42;
            co_return delivery;
        }
        ThrowingBroker& broker_;
        std::unique_ptr<Receiver> inner_;
    };

    using ForwardingBroker::ForwardingBroker;
    AsyncResult<void> check() override { throw std::runtime_error("no queue"); }
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override {
        return std::make_unique<ThrowingReceiver>(*this, inner_->receiver(node, lease, slots));
    }

    int early = 0;  ///< So many receives throw at once, and so many with their delivery.
    int late = 0;
};

class GuardedPortsTest : public WorkerFixture {};

TEST_F(GuardedPortsTest, TasksEndThoughTheirStorageThrowsNowAndThen) {
    const Ports inner{.storage = ports.storage,
                      .context_store = ports.contexts,
                      .maintenance = ports.maintenance};
    FaultPlan plan;
    plan.storage_thrown = 0.3;
    FaultyPorts faulty = FaultyPorts::wrap(inner, plan);
    const Ports safe = guarded(faulty.ports());
    std::vector<TaskId> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(create("work"));
    ports.storage = safe.storage;
    ports.contexts = safe.context_store;
    ports.maintenance = safe.maintenance;
    ports.emitter = std::make_shared<StorageEventEmitter>(ports.storage, ports.bus);
    TestServer& server =
        serve([](TaskContext& ctx) -> Async<void> { co_await ctx.complete("done"); });
    for (const TaskId task : tasks) enqueue(server, task);
    for (int i = 0; i < 120; ++i) loop.advance(seconds(1));
    EXPECT_GT(faulty.injected(testing::Fault::kStorageThrown), 0);
    faulty.calm();
    for (int i = 0; i < 120; ++i) loop.advance(seconds(1));
    for (const TaskId task : tasks) EXPECT_TRUE(is_terminal(state(task)));
}

TEST_F(GuardedPortsTest, ACallThatThrowsFailsWithWhatIsLoggedElsewhere) {
    FaultPlan plan;
    plan.storage_thrown = 1;
    FaultyPorts faulty = FaultyPorts::wrap({.storage = ports.storage,
                                            .context_store = ports.contexts,
                                            .maintenance = ports.maintenance},
                                           plan);
    const Ports safe = guarded(faulty.ports());
    const auto now = loop.await(safe.storage->now());
    ASSERT_FALSE(now);
    EXPECT_EQ(now.error().code, ErrorCode::kInternal);
    EXPECT_EQ(now.error().message, "a port threw in Storage::now");
    EXPECT_FALSE(loop.await(safe.maintenance->due(1)));
    EXPECT_FALSE(loop.await(safe.context_store->load_context({"ann", "", false}, "c")));
    EXPECT_EQ(safe.broker, nullptr);
}

TEST_F(GuardedPortsTest, AReceiverThatThrowsIsAskedAgain) {
    auto throwing = std::make_shared<ThrowingBroker>(std::make_shared<MemoryBroker>(clock));
    const auto broker = guarded({.broker = throwing}).broker;
    EXPECT_FALSE(loop.await(broker->check()));
    ASSERT_TRUE(loop.await(broker->start()));
    const auto receiver = broker->receiver(NodeId::generate(), seconds(15), 0);
    const RunOperation operation{TaskId::generate(), 1};
    ASSERT_TRUE(loop.await(broker->enqueue(operation, std::nullopt)));
    throwing->early = 2;
    throwing->late = 2;
    const auto delivery = loop.await(receiver->receive());
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), operation);
    EXPECT_TRUE(loop.await(delivery->ack()));
    receiver->close();
    EXPECT_FALSE(loop.await(receiver->receive()));
}

}  // namespace
}  // namespace a2akit
