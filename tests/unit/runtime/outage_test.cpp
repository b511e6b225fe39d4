#include "runtime/tasks/public_error.hpp"
#include "scripted_storage.hpp"
#include "storage/forwarding_ports.hpp"
#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

/// Takes one task, and is away afterwards whenever the test says so.
class AwayStorage final : public ScriptedStorage {
public:
    bool away = false;
    bool back_after_one_look = false;
    AsyncResult<TaskSnapshot> load(TaskId, OwnerScope, std::optional<std::int32_t>, bool) override {
        if (back_after_one_look ? std::exchange(away, false) : away)
            return Error::unavailable("the storage is away", std::chrono::seconds(1));
        return Result<TaskSnapshot>(TaskSnapshot{});
    }
};

class OutageTest : public TaskManagerTest {
protected:
    OutageTest() {
        Ports ports = ports_;
        ports.storage = storage_;
        auto emitter = std::make_shared<StorageEventEmitter>(storage_, ports.event_bus);
        over_storage_ = std::make_unique<TaskManager>(std::move(ports), std::move(emitter),
                                                      TaskManagerOptions{});
        Created created;
        created.appended.turn = 1;
        storage_->create_answers.emplace_back(std::move(created));
    }
    std::shared_ptr<AwayStorage> storage_ = std::make_shared<AwayStorage>();
    std::unique_ptr<TaskManager> over_storage_;
};

TEST_F(OutageTest, ASendThatWaitsEndsWithAnErrorThatMayBeRetriedOnlyWhenStorageDoesNotAnswer) {
    Pending<Result<SendMessageResponse>> sent(group_,
                                              over_storage_->send(command(message_of("hello"))));
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

/// Takes no turn. Others, with a queue that works, would find it by a sweep.
class AwayBroker final : public ForwardingBroker<> {
public:
    using ForwardingBroker::ForwardingBroker;
    AsyncResult<void> enqueue(RunOperation operation, std::optional<Timestamp>) override {
        refused.push_back(operation);
        return Error::unavailable("the queue is away", std::chrono::seconds(1));
    }
    std::vector<RunOperation> refused;
};

class QueueOutageTest : public TaskManagerTest {
protected:
    QueueOutageTest() {
        Ports ports = ports_;
        ports.broker = broker_;
        without_queue_ = std::make_unique<TaskManager>(std::move(ports), emitter_, options_);
    }
    ~QueueOutageTest() override { without_queue_->drain(); }
    Pending<Result<SendMessageResponse>> send(std::string text) {
        Pending<Result<SendMessageResponse>> sent(
            group_, without_queue_->send(command(message_of(std::move(text)))));
        loop_.run_ready();
        return sent;
    }
    std::shared_ptr<AwayBroker> broker_ = std::make_shared<AwayBroker>(ports_.broker);
    TaskManagerOptions options_;
    std::unique_ptr<TaskManager> without_queue_;
};

TEST_F(QueueOutageTest, ASendWhoseTurnNobodyCanBeginIsToldSoWithTheTasksId) {
    auto sent = send("hello");
    loop_.advance(options_.queue_patience - std::chrono::milliseconds(1));
    EXPECT_FALSE(sent.done());
    loop_.advance(std::chrono::milliseconds(1));
    ASSERT_TRUE(sent.done());
    ASSERT_FALSE(sent.value());
    EXPECT_EQ(sent.value().error().code, ErrorCode::kUnavailable);
    ASSERT_EQ(broker_->refused.size(), 1U);
    const std::string id = broker_->refused[0].task.to_string();
    EXPECT_NE(sent.value().error().message.find(id), std::string::npos)
        << sent.value().error().message;
    EXPECT_TRUE(get(id)) << "it is accepted";
}

TEST_F(QueueOutageTest, ASendWhoseTurnASweepHasFoundIsAnsweredWithItsEnd) {
    auto sent = send("hello");
    ASSERT_EQ(broker_->refused.size(), 1U);
    EXPECT_TRUE(loop_.await(ports_.broker->enqueue(broker_->refused[0], std::nullopt)));
    const ClaimedRun run = claim();
    loop_.advance(options_.queue_patience + std::chrono::seconds(1));
    EXPECT_FALSE(sent.done());
    end(run, TaskState::kCompleted);
    loop_.run_ready();
    ASSERT_TRUE(sent.done());
    EXPECT_TRUE(sent.value());
}

TEST_F(OutageTest, ASendWhoseAnswerHasBegunEndsWithTheTaskAsItStandsIfThatCanBeRead) {
    for (const bool readable : {true, false}) {
        ClientPresence client;
        SendCommand made = command(message_of("hello"));
        made.client = &client;
        Created created;
        created.appended.turn = 1;
        storage_->create_answers.emplace_back(std::move(created));
        Pending<Result<SendMessageResponse>> sent(group_, over_storage_->send(std::move(made)));
        loop_.run_ready();
        EXPECT_TRUE(client.accepted());
        client.commit_to_result();
        storage_->away = true;
        storage_->back_after_one_look = readable;
        over_storage_->notice_outage();
        loop_.run_ready();
        ASSERT_TRUE(sent.done());
        EXPECT_EQ(sent.value().has_value(), readable);
        storage_->away = false;
    }
}

TEST(PublicErrorTest, TheTextOfAnEngineStaysInTheLog) {
    for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kInternal}) {
        Error::Details details;
        details.retry_after = std::chrono::milliseconds(500);
        const Error shown = public_error(
            Error{code, "PostgreSQL at db.internal refuses ann", nullptr}.with(details));
        EXPECT_EQ(shown.code, code);
        EXPECT_EQ(shown.message.find("PostgreSQL"), std::string::npos) << shown.message;
        EXPECT_EQ(shown.message.find("db.internal"), std::string::npos) << shown.message;
        ASSERT_TRUE(shown.details);
        EXPECT_EQ(shown.details->retry_after, details.retry_after);
    }
}

}  // namespace
}  // namespace a2akit
