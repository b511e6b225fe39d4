#include "scripted_storage.hpp"
#include "runtime/public_error.hpp"
#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

/// Takes one task, and is away afterwards whenever the test says so.
class AwayStorage final : public ScriptedStorage {
public:
    bool away = false;
    AsyncResult<TaskSnapshot> load(TaskId, OwnerScope, std::optional<std::int32_t>, bool) override {
        if (away) return Error::unavailable("the storage is away", std::chrono::seconds(1));
        return Result<TaskSnapshot>(TaskSnapshot{});
    }
};

class OutageTest : public TaskManagerTest {
protected:
    OutageTest() {
        Ports ports = ports_;
        ports.storage = storage_;
        auto emitter = std::make_shared<StorageEventEmitter>(storage_, ports.event_bus);
        over_storage_ = std::make_unique<TaskManager>(std::move(ports), std::move(emitter), TaskManagerOptions{});
        Created created;
        created.appended.turn = 1;
        storage_->create_answers.emplace_back(std::move(created));
    }
    std::shared_ptr<AwayStorage> storage_ = std::make_shared<AwayStorage>();
    std::unique_ptr<TaskManager> over_storage_;
};

TEST_F(OutageTest, ASendThatWaitsEndsWithAnErrorThatMayBeRetriedOnlyWhenStorageDoesNotAnswer) {
    Pending<Result<SendMessageResponse>> sent(group_, over_storage_->send(command(message_of("hello"))));
    loop_.run_ready();
    over_storage_->notice_outage();
    loop_.run_ready();
    EXPECT_FALSE(sent.done()) << "it was back already";
    storage_->away = true;
    loop_.run_ready();
    EXPECT_FALSE(sent.done()) << "nobody has noticed";
    over_storage_->notice_outage();
    loop_.run_ready();
    ASSERT_TRUE(sent.done());
    ASSERT_FALSE(sent.value());
    EXPECT_EQ(sent.value().error().code, ErrorCode::kUnavailable);
    ASSERT_TRUE(sent.value().error().details);
    EXPECT_TRUE(sent.value().error().details->retry_after);
}

TEST(PublicErrorTest, WhatAnEngineSaysOfItsStateStaysInTheLog) {
    for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kInternal}) {
        Error::Details details;
        details.retry_after = std::chrono::milliseconds(500);
        const Error shown = public_error(Error{code, "PostgreSQL at db.internal refuses ann", nullptr}.with(details));
        EXPECT_EQ(shown.code, code);
        EXPECT_EQ(shown.message.find("PostgreSQL"), std::string::npos) << shown.message;
        EXPECT_EQ(shown.message.find("db.internal"), std::string::npos) << shown.message;
        ASSERT_TRUE(shown.details);
        EXPECT_EQ(shown.details->retry_after, details.retry_after);
    }
}

}  // namespace
}  // namespace a2akit
