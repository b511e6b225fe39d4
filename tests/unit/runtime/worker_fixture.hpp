#pragma once

#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/memory/memory_storage.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/runs/lease_keeper.hpp"
#include "runtime/runs/worker_adapter.hpp"
#include "runtime/upkeep/recovery.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace a2akit {

using testing::FakeClock;
using testing::ManualLoop;

/// Handles tasks with whatever a test gives it; counts how often.
class FunctionWorker final : public Worker {
public:
    using Body = std::function<Async<void>(TaskContext&)>;
    explicit FunctionWorker(Body body) : body_(std::move(body)) {}
    Async<void> handle(TaskContext& ctx) override {
        ++calls;
        return body_(ctx);
    }
    [[nodiscard]] bool may_reply_directly() const noexcept override { return replies_directly; }
    int calls = 0;
    bool replies_directly = true;

private:
    Body body_;
};

/// The ports that the servers of one test share. Each server has a broker of its own, so that an
/// entry that a dead one holds is not in the way of the others.
struct SharedPorts {
    explicit SharedPorts(std::shared_ptr<const Clock> clock) {
        const auto memory = std::make_shared<backends::MemoryStorage>(std::move(clock), 0);
        storage = memory;
        contexts = memory;
        maintenance = memory;
        emitter = std::make_shared<StorageEventEmitter>(storage, bus);
    }
    std::shared_ptr<Storage> storage;
    std::shared_ptr<ContextStore> contexts;
    std::shared_ptr<Maintenance> maintenance;
    std::shared_ptr<EventBus> bus = std::make_shared<MemoryEventBus>();
    std::shared_ptr<CancelRegistry> cancels = std::make_shared<MemoryCancelRegistry>();
    std::shared_ptr<EventEmitter> emitter;
    std::shared_ptr<ContextVault> vault;  ///< Of the servers made from then on.
};

/// The worker side of one server, on the test's loop.
class TestServer {
public:
    TestServer(SharedPorts& ports, std::shared_ptr<const Clock> clock,
               std::shared_ptr<Worker> worker, WorkerNodeOptions options = {})
        : broker(std::make_shared<MemoryBroker>(std::move(clock))),
          node{ports.storage,
               ports.contexts,
               broker,
               ports.cancels,
               {{.emitter = ports.emitter, .worker = std::move(worker)}},
               options},
          adapter(node),
          keeper(node, {&adapter}),
          recovery({.storage = ports.storage,
                    .maintenance = ports.maintenance,
                    .broker = broker,
                    .bus = ports.bus,
                    .cancels = ports.cancels,
                    .emitter = ports.emitter,
                    .vault = ports.vault},
                   node.max_attempts()) {
        node.vault = ports.vault;
        (void)broker->start();
        adapter.start();
    }

    std::shared_ptr<MemoryBroker> broker;
    WorkerNode node;
    WorkerAdapter adapter;
    LeaseKeeper keeper;
    Recovery recovery;
};

class WorkerFixture : public ::testing::Test {
protected:
    ~WorkerFixture() override {
        for (auto& server : servers_) {
            loop.await(server->recovery.stop());
            loop.await(server->adapter.drain(loop.now()));
            loop.await(server->adapter.join());
            loop.await(server->keeper.stop());
        }
    }

    /// `live` false: neither renews leases nor sweeps, like a node that hangs.
    TestServer& serve(FunctionWorker::Body body, WorkerNodeOptions options = {}, bool live = true) {
        return serve_with(std::make_shared<FunctionWorker>(std::move(body)), options, live);
    }
    TestServer& serve_with(std::shared_ptr<Worker> worker, WorkerNodeOptions options = {},
                           bool live = true) {
        servers_.push_back(std::make_unique<TestServer>(ports, clock, std::move(worker), options));
        TestServer& server = *servers_.back();
        if (live) {
            server.keeper.start();
            server.recovery.start();
        }
        return server;
    }

    static Message user_message(std::string text) {
        Message message;
        message.message_id = "m-" + text;
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text(std::move(text)));
        return message;
    }

    static TaskUpdate turn_of(Message message) {
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{TaskState::kSubmitted, std::nullopt, std::nullopt};
        const Shared<Message> shared(std::move(message));
        update.history.push_back(shared);
        TurnInput input;
        input.message = shared;
        update.turn = std::move(input);
        return update;
    }

    /// Makes a task, owned by ann; hands it to nobody.
    TaskId create(TaskUpdate update, bool revealed = true) {
        const TaskId id = TaskId::generate();
        NewTask task{id, "context", revealed};
        OwnerScope scope{"ann", "acme", false};
        const auto created =
            loop.await(ports.emitter->create(std::move(task), std::move(scope), std::move(update)));
        EXPECT_TRUE(created) << (created ? "" : created.error().message);
        return id;
    }
    TaskId create(std::string text, bool revealed = true) {
        return create(turn_of(user_message(std::move(text))), revealed);
    }

    /// A task whose request left its context in the vault, as without A2AKIT_CONTEXT_KEY.
    TaskId create_with_context(const std::string& text) {
        const TaskId id = create(text);
        TurnInput input;
        RequestContext context;
        context.request_id = "of " + text;
        auto offer = ports.vault->pack(input, id, 1,
                                       std::make_shared<const RequestContext>(std::move(context)));
        EXPECT_TRUE(offer);
        offer->made();
        return id;
    }
    void enqueue(TestServer& server, TaskId task, Turn turn = 1) {
        ASSERT_TRUE(loop.await(server.broker->enqueue(RunOperation{task, turn}, std::nullopt)));
    }
    TaskId send(TestServer& server, std::string text, bool revealed = true) {
        const TaskId id = create(std::move(text), revealed);
        enqueue(server, id);
        loop.run_ready();
        return id;
    }
    Appended follow_up(TaskId task, std::string text) {
        auto update = turn_of(user_message(std::move(text)));
        auto appended =
            loop.await(ports.emitter->append(task, OwnerScope::everything(), std::move(update)));
        EXPECT_TRUE(appended) << (appended ? "" : appended.error().message);
        return appended.value_or(Appended{});
    }
    /// What CancelTask does: Storage first, then the signal.
    void cancel(TaskId task, Duration force_after, bool signal = true) {
        TaskUpdate update;
        update.id = WriteId::next();
        update.cancel_by = clock->now() + force_after;
        ASSERT_TRUE(
            loop.await(ports.emitter->append(task, OwnerScope::everything(), std::move(update))));
        if (signal) {
            ASSERT_TRUE(loop.await(ports.cancels->request_cancel(task)));
        }
    }

    TaskSnapshot load(TaskId task) {
        auto loaded = loop.await(ports.storage->load(task, OwnerScope::everything()));
        EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
        return loaded.value_or(TaskSnapshot{});
    }
    TaskState state(TaskId task) { return load(task).status.state; }
    std::string status_text(TaskId task) {
        const auto status = load(task).status;
        return status.message ? (*status.message)->text() : "";
    }
    std::vector<TaskEvent> events(TaskId task) {
        auto page = loop.await(ports.storage->events(task, OwnerScope::everything(), 0, 1000));
        EXPECT_TRUE(page);
        return page ? std::move(page->events) : std::vector<TaskEvent>{};
    }

    std::shared_ptr<FakeClock> clock = std::make_shared<FakeClock>();
    ManualLoop loop{clock};
    SharedPorts ports{clock};

private:
    std::vector<std::unique_ptr<TestServer>> servers_;
};

}  // namespace a2akit
