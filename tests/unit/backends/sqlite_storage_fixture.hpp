#pragma once

#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/sqlite_broker.hpp"
#include "backends/sqlite/sqlite_storage.hpp"
#include "support/answer_of.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/testing/contract_case.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace a2akit::sqlite {

inline constexpr Lease kLease = std::chrono::seconds(15);

/// A storage and its broker, which may be closed and opened again, as another process would.
class SqliteStorageTest : public ::testing::Test {
protected:
    using Run = a2akit::Run;  // not GoogleTest's private function of that name

    void SetUp() override { open(); }
    void TearDown() override { close(); }

    void open() {
        DatabaseOptions options;
        options.path = path_;
        options.synchronous = Synchronous::kNormal;
        storage_ = SqliteStorage::open(std::move(options), clock_).value_or_throw();
        broker_ = std::make_unique<SqliteBroker>(storage_);
        must(broker_->start());
    }
    void close() {
        if (receiver_) receiver_->close();
        receiver_.reset();
        must(broker_->stop(loop_.now()));
        broker_.reset();
        storage_.reset();
    }
    void reopen() {
        close();
        open();
    }
    template <class T>
    T must(AsyncResult<T> call) {
        Result<T> result = loop_.await(std::move(call));
        EXPECT_TRUE(testing::ok(result));
        if constexpr (!std::is_void_v<T>) return result ? std::move(*result) : T{};
    }

    static TaskUpdate update(std::optional<TaskState> state = {}) {
        TaskUpdate made;
        made.id = WriteId::next();
        if (state) made.status = TaskStatus{*state, {}, {}};
        return made;
    }
    static TaskUpdate with_turn(std::string text) {
        TaskUpdate made = update(TaskState::kSubmitted);
        Message message;
        message.message_id = "m";
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text(std::move(text)));
        TurnInput input;
        input.message = std::move(message);
        made.history.push_back(input.message);
        made.turn = std::move(input);
        return made;
    }
    Created make(std::string text = "hello") {
        return must(storage_->create(NewTask{TaskId::generate(), "context"}, alice_,
                                     with_turn(std::move(text))));
    }
    void receive(int room = 1, int slots = 0) {
        receiver_ = broker_->receiver(node_, kLease, slots);
        group_.spawn(receive_one(room));
        loop_.run_ready();
    }
    Async<void> receive_one(int room = 1) { delivery_ = co_await receiver_->receive(room); }
    TaskSnapshot load(TaskId task) {
        return must(storage_->load(task, OwnerScope::everything(), {}, true));
    }
    Appended end(const Run& run) {
        TaskUpdate last = update(TaskState::kCompleted);
        last.guard.epoch = run.epoch;
        Artifact artifact;
        artifact.artifact_id = "answer";
        artifact.parts.push_back(Part::from_text("Echo: " + run.input.message->text()));
        ArtifactChunk chunk;
        chunk.artifact = std::move(artifact);
        last.artifacts.push_back(std::move(chunk));
        return must(storage_->append(run.snapshot.id, OwnerScope::everything(), std::move(last)));
    }

    test_support::TemporaryDirectory directory_;
    const std::string path_ = directory_.file("a2akit.db");
    std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
    std::shared_ptr<SqliteStorage> storage_;
    testing::ManualLoop loop_{clock_, [this] { return storage_ && storage_->busy(); }};
    std::unique_ptr<SqliteBroker> broker_;
    std::unique_ptr<Broker::Receiver> receiver_;
    std::unique_ptr<Delivery> delivery_;
    TaskGroup group_;
    const OwnerScope alice_{"alice", "", false};
    const NodeId node_ = NodeId::generate();
};

}  // namespace a2akit::sqlite
