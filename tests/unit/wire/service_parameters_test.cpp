#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Call call_with(TestRequest request, std::vector<std::pair<std::string, std::string>> headers) {
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    return request.call();
}

TEST(ServiceParameters, ExtensionsComeFromEveryHeaderLineAndTheQuery) {
    EXPECT_THAT(
        call_with(get("/tasks?A2A-Extensions=https%3A%2F%2Fc,https%3A%2F%2Fa"),
                  {{"a2a-extensions", "https://a , https://b,,"}, {"a2a-extensions", "https://d"}})
            .envelope.extensions,
        ElementsAre("https://a", "https://b", "https://d", "https://c"));
    EXPECT_TRUE(get("/tasks").call().envelope.extensions.empty());
}

TEST(ServiceParameters, AnIdempotencyKeyIsKept) {
    EXPECT_EQ(call_with(get("/tasks"), {{"idempotency-key", "k-1"}}).envelope.idempotency_key,
              "k-1");
}

TEST(ServiceParameters, ABadIdempotencyKeyIsNamed) {
    for (const std::vector<std::pair<std::string, std::string>>& headers :
         std::vector<std::vector<std::pair<std::string, std::string>>>{
             {{"idempotency-key", std::string(256, 'x')}},
             {{"idempotency-key", "caf\xC3\xA9"}},
             {{"idempotency-key", "a"}, {"idempotency-key", "b"}}}) {
        TestRequest request{"GET", "/tasks", headers};
        const HttpResponse response = request.refusal();
        EXPECT_EQ(response.status, 400);
        EXPECT_THAT(response.body, HasSubstr(R"("field":"Idempotency-Key")"));
        TestRequest answer = rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})");
        answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
        EXPECT_THAT(answer.refusal().body, HasSubstr(R"("code":-32602)"));
    }
}

TEST(ServiceParameters, TheLastEventIdIsReadOfSubscriptionsOnly) {
    EXPECT_EQ(
        call_with(get("/tasks/t:subscribe"), {{"last-event-id", "12"}}).envelope.last_event_id,
        Sequence{12});
    EXPECT_EQ(call_with(get("/tasks/t:subscribe"), {{"last-event-id", "0"}}).envelope.last_event_id,
              Sequence{0});
    EXPECT_EQ(call_with(get("/tasks/t:subscribe"), {{"last-event-id", ""}}).envelope.last_event_id,
              std::nullopt);
    EXPECT_EQ(call_with(get("/tasks/t"), {{"last-event-id", "nonsense"}}).envelope.last_event_id,
              std::nullopt);
}

TEST(ServiceParameters, AMalformedLastEventIdIsNamed) {
    for (const std::string id : {"x", "-1", "1.0", " 1", "1 ", "99999999999999999999999"}) {
        TestRequest request{"GET", "/tasks/t:subscribe", {{"last-event-id", id}}};
        const HttpResponse response = request.refusal();
        EXPECT_EQ(response.status, 400) << id;
        EXPECT_THAT(response.body, HasSubstr(R"("field":"Last-Event-ID")"));
        TestRequest answer =
            rpc(R"({"jsonrpc":"2.0","id":1,"method":"SubscribeToTask","params":{"id":"t"}})");
        answer.headers.emplace_back("last-event-id", id);
        EXPECT_THAT(answer.refusal().body, HasSubstr(R"("code":-32602)")) << id;
    }
}

TEST(ServiceParameters, HeadersReachTheContextOfEveryCall) {
    EXPECT_EQ(call_with(get("/tasks"), {{"authorization", "Bearer x"}})
                  .envelope.context.header("authorization"),
              "Bearer x");
    TestRequest batch =
        rpc(R"([{"jsonrpc":"2.0","id":1,"method":"ListTasks"},{"jsonrpc":"2.0","id":2},)"
            R"({"jsonrpc":"2.0","id":3,"method":"ListTasks"}])");
    batch.headers.emplace_back("authorization", "Bearer x");
    const auto outcome = batch.decoded();
    const auto& entries = std::get<Decoded>(outcome).entries;
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(std::get<Call>(entries[0]).envelope.context.header("authorization"), "Bearer x");
    EXPECT_EQ(std::get<Call>(entries[2]).envelope.context.header("authorization"), "Bearer x");
}

}  // namespace
}  // namespace a2akit::wire
