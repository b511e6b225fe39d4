#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/sqlite/sqlite_broker.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/lease_keeper.hpp"
#include "runtime/runs/worker_adapter.hpp"
#include "runtime/upkeep/recovery.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using std::chrono::seconds;
using testing::ok;

constexpr Duration kWork = seconds(40);  // longer than any lease here

/// Works for a while, in the loop's time; counts how often each task was begun.
class SlowWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        ++starts[ctx.task_id()];
        EXPECT_EQ(ctx.attempt(), 1);
        co_await sleep_for(kWork);
        co_await ctx.complete("done");
    }
    std::map<std::string, int> starts;
};

/// The worker's side of a server over one SQLite file, on the test's loop.
class SqliteBurstTest : public ::testing::Test {
protected:
    void serve(int slots) {
        WorkerNodeOptions options;
        options.max_concurrent_tasks = slots;
        node_.reset(new WorkerNode{storage_,
                                   storage_,
                                   broker_,
                                   cancels_,
                                   {{.emitter = emitter_, .worker = worker_}},
                                   options});
        adapter_ = std::make_unique<WorkerAdapter>(*node_);
        keeper_ =
            std::make_unique<LeaseKeeper>(*node_, std::vector<WorkerAdapter*>{adapter_.get()});
        recovery_ = std::make_unique<Recovery>(
            RecoveryPorts{storage_, storage_, broker_, bus_, cancels_, emitter_, {}},
            node_->max_attempts());
        ASSERT_TRUE(ok(loop_.await(broker_->start())));
        adapter_->start();
        keeper_->start();
        recovery_->start();
        loop_.run_ready();
    }
    void TearDown() override {
        loop_.await(recovery_->stop());
        loop_.await(adapter_->drain(loop_.now()));
        loop_.await(adapter_->join());
        loop_.await(keeper_->stop());
        EXPECT_TRUE(ok(loop_.await(broker_->stop(loop_.now()))));
    }

    static TaskUpdate with_turn() {
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        Message message;
        message.message_id = "m";
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text("go"));
        TurnInput input;
        input.message = std::move(message);
        update.history.push_back(input.message);
        update.turn = std::move(input);
        return update;
    }
    Async<void> create_and_enqueue() {
        NewTask task{TaskId::generate(), "context"};
        OwnerScope alice{"alice", "", false};
        const auto created =
            co_await storage_->create(std::move(task), std::move(alice), with_turn());
        EXPECT_TRUE(ok(created));
        if (!created || !created->appended.turn_due) co_return;
        const RunOperation operation{created->appended.task, 1};
        const auto enqueued = co_await broker_->enqueue(operation, std::nullopt);
        EXPECT_TRUE(ok(enqueued));
    }
    Async<void> keep_context() {
        OwnerScope alice{"alice", "", false};
        const auto kept = co_await storage_->update_context(std::move(alice), "context",
                                                            RawJson("1"), std::nullopt);
        EXPECT_TRUE(ok(kept));
    }
    /// So many tasks, in one commit.
    void burst(int tasks) {
        sqlite::Connection other(directory_.file("a2akit.db"),
                                 sqlite::Connection::Mode::kReadWrite);
        other.execute("BEGIN IMMEDIATE");
        group_.spawn(keep_context());  // the first write may be on its way, held up, before the
                                       // others have come
        for (int i = 0; i < tasks; ++i) group_.spawn(create_and_enqueue());
        other.execute("COMMIT");
        loop_.run_ready();
    }
    std::map<TaskState, int> states() {
        std::map<TaskState, int> found;
        ListQuery query;
        query.page_size = 100;
        const auto page = loop_.await(storage_->list({"alice", "", false}, query));
        EXPECT_TRUE(ok(page));
        for (const auto& task : page->tasks) ++found[task.status.state];
        return found;
    }

    test_support::TemporaryDirectory directory_;
    std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
    std::shared_ptr<sqlite::SqliteStorage> storage_ = [this] {
        sqlite::DatabaseOptions options;
        options.path = directory_.file("a2akit.db");
        options.synchronous = sqlite::Synchronous::kNormal;
        return sqlite::SqliteStorage::open(std::move(options), clock_).value_or_throw();
    }();
    testing::ManualLoop loop_{clock_, [this] { return storage_->busy(); }};
    std::shared_ptr<sqlite::SqliteBroker> broker_ =
        std::make_shared<sqlite::SqliteBroker>(storage_);
    std::shared_ptr<EventBus> bus_ = std::make_shared<MemoryEventBus>();
    std::shared_ptr<CancelRegistry> cancels_ = std::make_shared<MemoryCancelRegistry>();
    std::shared_ptr<EventEmitter> emitter_ = std::make_shared<StorageEventEmitter>(storage_, bus_);
    std::shared_ptr<SlowWorker> worker_ = std::make_shared<SlowWorker>();
    std::unique_ptr<WorkerNode> node_;
    std::unique_ptr<WorkerAdapter> adapter_;
    std::unique_ptr<LeaseKeeper> keeper_;
    std::unique_ptr<Recovery> recovery_;
    TaskGroup group_;
};

TEST_F(SqliteBurstTest, ABurstBeyondTheSlotsStartsEveryTaskOnce) {
    serve(2);
    burst(7);
    EXPECT_EQ(states(),
              (std::map<TaskState, int>{{TaskState::kSubmitted, 5}, {TaskState::kWorking, 2}}))
        << "what waits for a slot says so";
    loop_.advance(4 * kWork);
    EXPECT_EQ(states(), (std::map<TaskState, int>{{TaskState::kCompleted, 7}}))
        << "no slot stood idle";
    for (const auto& [task, times] : worker_->starts) EXPECT_EQ(times, 1) << task;
}

TEST_F(SqliteBurstTest, WithSlotsToSpareABurstStartsAtOnce) {
    serve(10'000);
    burst(40);
    EXPECT_EQ(states(), (std::map<TaskState, int>{{TaskState::kWorking, 40}}));
    loop_.advance(kWork);
    EXPECT_EQ(states(), (std::map<TaskState, int>{{TaskState::kCompleted, 40}}));
    for (const auto& [task, times] : worker_->starts) EXPECT_EQ(times, 1) << task;
}

}  // namespace
}  // namespace a2akit
