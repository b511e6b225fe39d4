#include "storage/forwarding_ports.hpp"
#include "unit/runtime/worker_fixture.hpp"

#include <stdexcept>

// What the adapter does while Storage is out of reach.

namespace a2akit {
namespace {

using std::chrono::seconds;

Async<void> echo(TaskContext& ctx) {
    co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
}

using WorkerAdapterTest = WorkerFixture;

class UnreliableEmitter final : public EventEmitter {
public:
    explicit UnreliableEmitter(std::shared_ptr<EventEmitter> inner) : inner_(std::move(inner)) {}
    int failures = 0;

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override {
        return inner_->create(std::move(task), std::move(scope), std::move(update));
    }
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override {
        if (failures > 0) {
            --failures;
            return Error{ErrorCode::kUnavailable, "the storage does not answer", nullptr};
        }
        return inner_->append(task, std::move(scope), std::move(update));
    }
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override {
        return inner_->announce(std::move(appended), context_id);
    }

private:
    std::shared_ptr<EventEmitter> inner_;
};

TEST_F(WorkerAdapterTest, ARunThatLostTheStorageIsTriedAgainAtOnce) {
    auto emitter = std::make_shared<UnreliableEmitter>(ports.emitter);
    ports.emitter = emitter;
    auto worker = std::make_shared<FunctionWorker>(echo);
    auto& server = serve_with(worker);
    const TaskId task = create("hello");
    emitter->failures = 1;
    enqueue(server, task);
    loop.run_ready();
    EXPECT_EQ(worker->calls, 2);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

class UnreliableContexts final : public ForwardingContextStore<> {
public:
    using ForwardingContextStore::ForwardingContextStore;
    int failed_loads = 0;
    int failed_updates = 0;

    AsyncResult<ContextValue> load_context(OwnerScope scope, std::string context_id) override {
        if (failed_loads-- > 0) return away();
        return inner_->load_context(std::move(scope), std::move(context_id));
    }
    AsyncResult<std::uint64_t> update_context(OwnerScope scope, std::string context_id,
                                              RawJson value,
                                              std::optional<std::uint64_t> expected) override {
        if (failed_updates-- > 0) return away();
        return inner_->update_context(std::move(scope), std::move(context_id), std::move(value),
                                      expected);
    }

private:
    static Error away() {
        return Error{ErrorCode::kUnavailable, "the engine at 10.0.0.7 is away", nullptr};
    }
};

Async<void> counts(TaskContext& ctx) {
    const RawJson before = co_await ctx.load_context();
    const int count = before.empty() ? 1 : std::stoi(before.text()) + 1;
    co_await ctx.update_context(RawJson(std::to_string(count)));
    co_await ctx.complete(std::to_string(count));
}

TEST_F(WorkerAdapterTest, AContextThatCannotBeReadOrWrittenForNowDoesNotFailTheTask) {
    const auto contexts = std::make_shared<UnreliableContexts>(ports.contexts);
    ports.contexts = contexts;
    auto worker = std::make_shared<FunctionWorker>(counts);
    auto& server = serve_with(worker);
    const auto count_with = [&](int failed_loads, int failed_updates) {
        worker->calls = 0;
        contexts->failed_loads = failed_loads;
        contexts->failed_updates = failed_updates;
        const TaskId task = send(server, "hello");
        loop.advance(seconds(5));
        EXPECT_EQ(state(task), TaskState::kCompleted) << status_text(task);
        return to_task(load(task)).text();
    };
    EXPECT_EQ(count_with(2, 0), "1");
    EXPECT_EQ(worker->calls, 1) << "reading is repeated at once";
    EXPECT_EQ(count_with(4, 0), "2");
    EXPECT_EQ(worker->calls, 2) << "the run is tried again";
    EXPECT_EQ(count_with(0, 1), "3");
    EXPECT_EQ(worker->calls, 2);
}

TEST_F(WorkerAdapterTest, FurtherAttemptsComeWithBackOff) {
    auto emitter = std::make_shared<UnreliableEmitter>(ports.emitter);
    ports.emitter = emitter;
    auto worker = std::make_shared<FunctionWorker>(echo);
    auto& server = serve_with(worker);
    const TaskId task = create("hello");
    emitter->failures = 2;
    enqueue(server, task);
    loop.run_ready();
    EXPECT_EQ(worker->calls, 2);
    loop.advance(seconds(2));
    EXPECT_EQ(worker->calls, 3);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

}  // namespace
}  // namespace a2akit
