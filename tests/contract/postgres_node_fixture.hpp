#pragma once

#include "contract/postgres_harness.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::testing {

/// Up to two processes on a schema of their own, under one fake clock.
class PostgresNodeTest : public ::testing::Test {
protected:
    /// A process: its ports on the node's one set of connections.
    struct Process {
        explicit Process(std::shared_ptr<postgres::PostgresNode> made)
            : node(std::move(made)), storage(node), broker(node) {
            node->notifier().handlers.runs = [queue = &node->queue()] { queue->hint_from_afar(); };
        }
        std::shared_ptr<postgres::PostgresNode> node;
        postgres::PostgresStorage storage;
        postgres::PostgresBroker broker;
    };

    void TearDown() override {
        receivers_.clear();
        for (auto& one : {&one_, &two_}) {
            if (!*one) continue;
            await((*one)->broker.stop(loop_.now()));
            await((*one)->storage.stop(loop_.now()));
        }
    }
    Process& one() { return start(one_); }
    Process& two() { return start(two_); }

    template <class T>
    T await(AsyncResult<T> call) {
        Result<T> result = loop_.await(std::move(call));
        EXPECT_TRUE(ok(result));
        if constexpr (!std::is_void_v<T>) return result ? std::move(*result) : T{};
    }
    Created create(Process& process, const OwnerScope& scope = {"alice", "", false}) {
        TaskUpdate update = blank();
        update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
        update.turn.emplace().message = Message{.message_id = "m", .role = Role::kUser};
        return await(process.storage.create({TaskId::generate(), "context", true}, scope,
                                            std::move(update)));
    }
    static TaskUpdate blank() {
        TaskUpdate update;
        update.id = WriteId::next();
        return update;
    }
    Broker::Receiver& receiver(Process& process) {
        receivers_.push_back(process.broker.receiver(node_, std::chrono::seconds(15), 0));
        return *receivers_.back();
    }
    /// Ten hours of looks, once a second in virtual time: what another process has to hand back
    /// first takes real time.
    std::unique_ptr<Delivery> receive(Process& process, int room = 1) {
        return loop_.await(receiver(process).receive(room), std::chrono::hours(10));
    }
    int live_runs(const std::vector<TaskId>& tasks) {
        return static_cast<int>(std::count_if(tasks.begin(), tasks.end(),
                                              [&](TaskId task) { return load(task).live_run; }));
    }
    /// The statements with the schema's name in place of "S.".
    [[nodiscard]] std::string in_schema(std::string script) const {
        const std::string name = pair_.schema();
        for (std::size_t at = 0; (at = script.find("S.", at)) != std::string::npos;
             at += name.size())
            script.replace(at, 1, name);
        return script;
    }
    /// Whether a statement with this word waits for a lock of another transaction.
    [[nodiscard]] bool waits_for_a_lock(const std::string& word) const {
        const std::string waits =
            "do $$ begin if not exists (select from pg_stat_activity where wait_event_type = "
            "'Lock' and query like '%" +
            word + "%') then raise exception 'not yet'; end if; end $$";
        try {
            test_support::PostgresServer::sql(pair_.url(), waits);
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }
    TaskSnapshot load_head(const TaskId& task) {
        return await(one().storage.load(task, OwnerScope::everything(), 0, false));
    }
    TaskSnapshot load(const TaskId& task) {
        return await(one().storage.load(task, OwnerScope::everything(), std::nullopt, true));
    }
    /// Waits, really, for what the node does by itself.
    template <class Condition>
    void wait_until(Condition condition) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), until) << "it did not happen";
            loop_.advance(Duration(1));
            std::this_thread::yield();
        }
    }

    PostgresPair pair_;
    std::unique_ptr<Process> one_;
    std::unique_ptr<Process> two_;
    ManualLoop loop_{pair_.clock, [this] { return busy(one_) || busy(two_); }};
    const NodeId node_ = NodeId::generate();
    std::vector<std::unique_ptr<Broker::Receiver>> receivers_;

private:
    static bool busy(const std::unique_ptr<Process>& process) {
        return process && process->node->busy();
    }
    Process& start(std::unique_ptr<Process>& process) {
        if (!process) {
            process = std::make_unique<Process>(pair_.make_node());
            await(process->storage.start());
            await(process->broker.start());
        }
        return *process;
    }
};

}  // namespace a2akit::testing
