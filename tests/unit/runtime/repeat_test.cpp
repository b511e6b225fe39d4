#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

using enum TaskState;

using SendTest = TaskManagerTest;

TEST_F(SendTest, ARepeatJoinsTheTurnOfItsKey) {
    const SendMessageRequest request = message_of("pay");
    auto first = send(command(request, "key"));
    auto second = send(command(request, "key"));
    EXPECT_FALSE(second.done());
    const ClaimedRun run = claim();
    end(run, kCompleted);
    ASSERT_TRUE(first.done() && second.done());
    EXPECT_EQ(task_of(first.value()).id, task_of(second.value()).id);
    const auto third = send_now(command(request, "key"));
    EXPECT_EQ(task_of(third).id, task_of(first.value()).id) << "a finished one answers at once";
}

TEST_F(SendTest, ARepeatedFollowUpJoinsItsTurn) {
    auto first = send("book");
    end(claim(), kInputRequired);
    const SendMessageRequest request = follow_up(task_of(first.value()).id, "Rome");
    auto second = send(command(request, "key"));
    auto third = send(command(request, "key"));
    EXPECT_FALSE(third.done());
    end(claim(), kInputRequired);
    ASSERT_TRUE(second.done() && third.done());
    EXPECT_TRUE(third.value());
    EXPECT_EQ(task_of(send_now(command(request, "key"))).history.size(), 2U) << "nothing was added";
}

TEST_F(SendTest, AKeyWithAnotherRequestIsRefused) {
    auto first = send(command(message_of("pay 1"), "key"));
    const auto refused = send_now(command(message_of("pay 2"), "key"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kIdempotencyConflict);
    EXPECT_EQ(refused.error().details->violations.at(0).field, "Idempotency-Key");
    end(claim(), kCompleted);
}

TEST_F(SendTest, AKeyBelongsToItsOwner) {
    const SendMessageRequest request = message_of("pay");
    auto alices = send(command(request, "key"));
    SendCommand made = command(request, "key");
    made.scope = kBob;
    auto bobs = send(std::move(made));
    end(claim(), kCompleted);
    end(claim(), kCompleted);
    EXPECT_NE(task_of(alices.value()).id, task_of(bobs.value()).id);
}

TEST_F(SendTest, AMessageIdAloneMakesNoRepeat) {
    const SendMessageRequest request = message_of("pay");
    auto first = send(command(request));
    auto second = send(command(request));
    end(claim(), kCompleted);
    end(claim(), kCompleted);
    EXPECT_NE(task_of(first.value()).id, task_of(second.value()).id);
}

/// Where messages are known by their messageIds.
class RepeatByMessageIdTest : public TaskManagerTest {
protected:
    RepeatByMessageIdTest() : TaskManagerTest(TaskManagerOptions{.repeat_by_message_id = true}) {}
};

TEST_F(RepeatByMessageIdTest, AMessageThatComesAgainJoinsItsTurn) {
    const SendMessageRequest request = message_of("pay");
    auto first = send(command(request));
    SendMessageRequest again = request;
    again.configuration.emplace().history_length = 1;
    auto second = send(command(again));
    end(claim(), kCompleted);
    ASSERT_TRUE(first.done() && second.done());
    EXPECT_EQ(task_of(first.value()).id, task_of(second.value()).id);
    auto stream = this->stream(command(request));
    EXPECT_EQ(next(*stream).items.size(), 1U) << "the task, which has ended";
}

TEST_F(RepeatByMessageIdTest, ARepeatedFollowUpIsNotTheNextAnswer) {
    auto first = send("book");
    end(claim(), kInputRequired);
    const SendMessageRequest request = follow_up(task_of(first.value()).id, "Rome");
    auto second = send(command(request));
    end(claim(), kInputRequired);
    const auto again = send_now(command(request));
    EXPECT_EQ(task_of(again).history.size(), task_of(second.value()).history.size())
        << "nothing was added";
    auto other = send(command(follow_up(task_of(first.value()).id, "Oslo")));
    end(claim(), kCompleted);
    EXPECT_EQ(task_of(send_now(command(request))).status.state, kCompleted)
        << "also once the task has ended";
}

TEST_F(RepeatByMessageIdTest, TheSameIdWithAnotherTextIsRefusedByItsName) {
    SendMessageRequest request = message_of("pay 1");
    auto first = send(command(request));
    request.message.parts[0] = Part::from_text("pay 2");
    const auto refused = send_now(command(request));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kIdempotencyConflict);
    EXPECT_EQ(refused.error().details->violations.at(0).field, "message.messageId");
    end(claim(), kCompleted);
}

TEST_F(RepeatByMessageIdTest, InAnotherContextOrTaskOrOfAnotherOwnerItIsAnotherMessage) {
    SendMessageRequest request = message_of("pay");
    std::vector<std::string> ids;
    const auto send_one = [&](OwnerScope scope) {
        SendCommand made = command(request);
        made.scope = std::move(scope);
        auto sent = send(std::move(made));
        end(claim(), kInputRequired);
        ids.push_back(task_of(sent.value()).id);
    };
    send_one(kAlice);
    send_one(kBob);
    request.message.context_id = "talk";
    send_one(kAlice);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 3U);
    request.message.context_id.clear();
    request.message.task_id = ids[0];
    send_one(kAlice);
    EXPECT_EQ(ids[3], ids[0]);
    EXPECT_EQ(task_of(send_now(command(request))).id, ids[0]) << "but here it is a repeat";
}

TEST_F(RepeatByMessageIdTest, AKeyThatWasSentCountsAlone) {
    const SendMessageRequest request = message_of("pay");
    auto first = send(command(request, "key 1"));
    auto second = send(command(request, "key 2"));
    end(claim(), kCompleted);
    end(claim(), kCompleted);
    EXPECT_NE(task_of(first.value()).id, task_of(second.value()).id);
}

TEST(RequestHashTest, TheTenantDoesNotCount) {
    SendMessageRequest request = message_of("pay");
    const auto hash = request_hash(request);
    request.tenant = "t";
    EXPECT_EQ(request_hash(request), hash);
    request.message.parts[0] = Part::from_text("pay more");
    EXPECT_NE(request_hash(request), hash);
}

TEST(RequestHashTest, HowTheSameJsonIsWrittenDoesNotCount) {
    const auto hash = [](const char* metadata) {
        SendMessageRequest request;
        request.message.message_id = "m";
        request.message.parts.push_back(Part::from_data(RawJson(metadata)));
        request.metadata = RawJson(metadata);
        return request_hash(request);
    };
    const auto one = hash(R"({"a":1,"b":{"c":[1,null,true],"d":"ü"}})");
    EXPECT_EQ(hash(R"({"b":{"d":"\u00fc","c":[1.0,null,true]},"a":1})"), one);
    EXPECT_NE(hash(R"({"a":1,"b":{"c":[null,1,true],"d":"ü"}})"), one) << "an array has an order";
    EXPECT_NE(hash(R"({"a":1,"b":{"c":[1,null,false],"d":"ü"}})"), one);
    EXPECT_NE(hash(R"({"a":"1","b":{"c":[1,null,true],"d":"ü"}})"), one);
    EXPECT_NE(hash("9007199254740993"), hash("9007199254740992"));
}

TEST(RequestHashTest, DeeplyNestedValuesCountAsWell) {
    const auto hash = [](const std::string& inside) {
        std::string text = inside;
        for (int level = 0; level < 50; ++level) {
            text = level % 2 == 0 ? R"({"z":)" + text + R"(,"a":[]})" : "[" + text + ",1]";
        }
        SendMessageRequest request;
        request.message.message_id = "m";
        request.metadata = RawJson(R"({"deep":)" + text + "}");
        return request_hash(request);
    };
    const std::string first = R"("a":")" + std::string(500, 'x') + '"';
    const std::string second = R"("b":")" + std::string(500, 'y') + '"';
    EXPECT_EQ(hash("{" + first + "," + second + "}"), hash("{" + second + "," + first + "}"));
    EXPECT_NE(hash("{" + first + "}"), hash("{" + second + "}"));
    EXPECT_NE(hash("[{" + first + "},{" + second + "}]"),
              hash("[{" + second + "},{" + first + "}]"));
}

}  // namespace
}  // namespace a2akit
