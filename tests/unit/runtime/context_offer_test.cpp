#include "task_manager_fixture.hpp"

#include <a2akit/testing/faulty_ports.hpp>

namespace a2akit {
namespace {

using enum TaskState;

/// A TaskManager whose storage takes its time, so that requests overtake each other; contexts stay
/// on the node.
class ContextOfferTest : public TaskManagerTest {
protected:
    ContextOfferTest() {
        testing::FaultPlan slow;
        slow.storage_delayed = 1;
        ports_behind_ = testing::FaultyPorts::wrap(ports_, slow);
        Ports ports = ports_behind_.ports();
        auto emitter = std::make_shared<StorageEventEmitter>(ports.storage, ports.event_bus);
        TaskManagerOptions options;
        options.vault = vault_;
        slow_ = std::make_unique<TaskManager>(std::move(ports), std::move(emitter), options);
    }
    static SendCommand with_context(SendMessageRequest request) {
        RequestContext context;
        context.request_id = request.message.text();
        request.configuration.emplace().return_immediately = true;
        SendCommand made = command(std::move(request));
        made.context = std::make_shared<const RequestContext>(std::move(context));
        return made;
    }
    std::string context_of(ClaimedRun& run) {
        EXPECT_TRUE(vault_->unpack(run.input, run.snapshot.id, run.snapshot.turn));
        return run.input.context ? run.input.context->request_id : "-";
    }
    std::string paused_task() {
        const auto sent = loop_.await(slow_->send(with_context(message_of("first")))).value();
        ClaimedRun run = claim();
        EXPECT_EQ(context_of(run), "first");
        end(run, kInputRequired);
        vault_->forget(run.snapshot.id, 1);
        return std::get<Task>(sent.payload).id;
    }

    std::shared_ptr<ContextVault> vault_ = std::make_shared<ContextVault>(false, std::nullopt);
    testing::FaultyPorts ports_behind_;
    std::unique_ptr<TaskManager> slow_;
};

TEST_F(ContextOfferTest, OfRacingFollowUpsTheHandlerGetsTheContextOfTheOneThatWasAccepted) {
    for (int round = 0; round < 20; ++round) {
        const std::string id = paused_task();
        std::vector<Pending<Result<SendMessageResponse>>> sent;
        for (const char* text : {"one", "two", "three", "four"}) {
            sent.emplace_back(group_, slow_->send(with_context(follow_up(id, text))));
        }
        loop_.advance(std::chrono::seconds(5));
        int accepted = 0;
        for (auto& one : sent) accepted += one.value() ? 1 : 0;
        EXPECT_EQ(accepted, 1);
        ClaimedRun run = claim();
        EXPECT_EQ(context_of(run), run.input.message->text());
        EXPECT_EQ(vault_->tasks().size(), 1U) << "those of the refused ones are gone";
        end(run, kCompleted);
        vault_->forget(run.snapshot.id, run.snapshot.turn);
    }
}

TEST_F(ContextOfferTest, ARepeatUnderAnIdempotencyKeyLeavesNothingBehind) {
    SendCommand first = with_context(message_of("hello"));
    first.idempotency_key = "k";
    SendCommand second = first;
    ASSERT_TRUE(loop_.await(slow_->send(std::move(first))));
    ASSERT_TRUE(loop_.await(slow_->send(std::move(second))));
    EXPECT_EQ(vault_->tasks().size(), 1U);
    ClaimedRun run = claim();
    EXPECT_EQ(context_of(run), "hello");
    end(run, kCompleted);
}

TEST_F(ContextOfferTest, ACancelOfATaskThatNobodyRunsForgetsItsContext) {
    const auto sent = loop_.await(slow_->send(with_context(message_of("hello")))).value();
    EXPECT_EQ(vault_->tasks().size(), 1U);
    CancelTaskRequest request;
    request.id = std::get<Task>(sent.payload).id;
    ASSERT_TRUE(loop_.await(slow_->cancel(std::move(request), kAlice)));
    EXPECT_TRUE(vault_->tasks().empty());
}

}  // namespace
}  // namespace a2akit
