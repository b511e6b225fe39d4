#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using namespace std::chrono_literals;

Task task() {
    Task task;
    task.id = "t";
    task.context_id = "c";
    task.status.state = TaskState::kCompleted;
    return task;
}
const std::string kTask = R"({"id":"t","contextId":"c","status":{"state":"TASK_STATE_COMPLETED"}})";

Message message() {
    Message message;
    message.message_id = "m";
    message.role = Role::kAgent;
    message.parts.push_back(Part::from_text("two\nlines"));
    return message;
}
const std::string kMessage =
    R"({"messageId":"m","role":"ROLE_AGENT","parts":[{"text":"two\nlines"}]})";

Call http_call() {
    Call call;
    call.content_type = "application/a2a+json";
    return call;
}
Call rpc_call(std::string id) {
    Call call;
    call.json_rpc = true;
    call.rpc_id = std::move(id);
    call.content_type = "application/json";
    return call;
}

TEST(Encode, EveryReplyIsWrittenInBothBindings) {
    ListTasksResponse list;
    list.page_size = 50;
    const std::vector<std::pair<std::function<Reply()>, std::string>> replies{
        {[] { return Reply(Empty{}); }, "{}"},
        {[] { return Reply(task()); }, kTask},
        {[] { return Reply(SendMessageResponse{task()}); }, R"({"task":)" + kTask + "}"},
        {[] { return Reply(SendMessageResponse{message()}); }, R"({"message":)" + kMessage + "}"},
        {[&] { return Reply(list); },
         R"({"tasks":[],"nextPageToken":"","pageSize":50,"totalSize":0})"},
        {[] { return Reply(TaskPushNotificationConfig{"", "i", "t", "http://x", "", {}}); },
         R"({"id":"i","taskId":"t","url":"http://x"})"},
    };
    for (const auto& [reply, json] : replies) {
        const HttpResponse plain = encode(http_call(), handled(reply()));
        EXPECT_EQ(plain.status, 200);
        EXPECT_EQ(plain.content_type, "application/a2a+json");
        EXPECT_EQ(plain.body, json);
        const HttpResponse answer = encode(rpc_call("\"x\""), handled(reply()));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.content_type, "application/json");
        EXPECT_EQ(answer.body, R"({"jsonrpc":"2.0","id":"x","result":)" + json + "}");
        EXPECT_EQ(encode_batch_entry(rpc_call("\"x\""), handled(reply())), answer.body);
        EXPECT_EQ(encode_batch_entry(rpc_call(""), handled(reply())), "");
    }
}

TEST(Encode, ErrorsAreWrittenInTheMannerOfTheBinding) {
    const Error error = Error::about_task(ErrorCode::kTaskNotFound, "no such task", "t");
    const HttpResponse plain = encode(http_call(), handled(error));
    EXPECT_EQ(plain.status, 404);
    EXPECT_EQ(plain.content_type, "application/a2a+json");
    const std::string details =
        R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","domain":"a2a-protocol.org",)"
        R"("metadata":{"taskId":"t","timestamp":"NOW"}}])";
    EXPECT_EQ(without_time(plain.body),
              R"({"error":{"code":404,"status":"NOT_FOUND","message":"no such task","details":)" +
                  details + "}}");
    const std::string expected =
        R"({"jsonrpc":"2.0","id":5,"error":{"code":-32001,"message":"no such task","data":)" +
        details + "}}";
    EXPECT_EQ(without_time(encode(rpc_call("5"), handled(error)).body), expected);
    EXPECT_EQ(encode(rpc_call("5"), handled(error)).status, 200);
    EXPECT_EQ(without_time(encode_batch_entry(rpc_call("5"), handled(error))), expected);
}

TEST(Encode, ANotificationWithoutPermissionGetsTheStatusAlone) {
    Error::Details details;
    details.challenge = "Bearer realm=\"x\"";
    const Error stranger =
        Error{ErrorCode::kUnauthenticated, "who?", nullptr}.with(std::move(details));
    const Error forbidden{ErrorCode::kPermissionDenied, "no", nullptr};
    const Error missing{ErrorCode::kTaskNotFound, "no such task", nullptr};
    const auto told = [](const HttpResponse& response) {
        EXPECT_EQ(response.body, "");
        EXPECT_EQ(response.content_type, "");
        return std::pair(response.status, header(response, "WWW-Authenticate"));
    };
    const auto notified = [&](const Error& error) {
        return told(encode(rpc_call(""), handled(error)));
    };
    EXPECT_EQ(notified(stranger), std::pair(401, std::string("Bearer realm=\"x\"")));
    EXPECT_EQ(notified(forbidden), std::pair(403, std::string()));
    EXPECT_EQ(notified(missing), std::pair(204, std::string()));
    EXPECT_EQ(told(encode_batch({"", ""}, {}, &stranger)),
              std::pair(401, std::string("Bearer realm=\"x\"")));
    EXPECT_EQ(told(encode_batch({""}, {}, &forbidden)), std::pair(403, std::string()));
    const HttpResponse batch = encode_batch({"{1}"}, {}, &stranger);
    EXPECT_EQ(batch.status, 200);
    EXPECT_EQ(batch.body, "[{1}]");
    EXPECT_EQ(header(batch, "WWW-Authenticate"), "Bearer realm=\"x\"");
    EXPECT_EQ(header(encode_batch({"{1}"}, {}, &forbidden), "WWW-Authenticate"), "");
}

TEST(Encode, AnIdempotencyConflictNamesTheHeader) {
    const Error error = Error::invalid_field("Idempotency-Key", "was used with another request");
    Error conflict = error;
    conflict.code = ErrorCode::kIdempotencyConflict;
    EXPECT_EQ(encode(http_call(), handled(conflict)).status, 400);
    EXPECT_THAT(encode(rpc_call("1"), handled(conflict)).body,
                testing::HasSubstr(R"("code":-32602)"));
    EXPECT_THAT(encode(rpc_call("1"), handled(conflict)).body,
                testing::HasSubstr(R"("field":"Idempotency-Key")"));
}

TEST(Encode, ActivatedExtensionsAreEchoed) {
    HandledRequest request{Reply(Empty{}), {"https://a", "https://b"}};
    EXPECT_EQ(header(encode(http_call(), request), "A2A-Extensions"), "https://a, https://b");
    EXPECT_EQ(header(encode(rpc_call("1"), request), "A2A-Extensions"), "https://a, https://b");
    EXPECT_EQ(header(stream_head({}, request), "A2A-Extensions"), "https://a, https://b");
    EXPECT_TRUE(encode(http_call(), handled(Empty{})).headers.empty());
}

TEST(EncodeStream, TheHeadKeepsProxiesFromBuffering) {
    const HttpResponse response = stream_head({}, handled(Empty{}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/event-stream");
    EXPECT_EQ(header(response, "Cache-Control"), "no-cache");
    EXPECT_EQ(header(response, "X-Accel-Buffering"), "no");
}

TEST(EncodeStream, AnItemIsOneEventWithItsIdOnOneLine) {
    const StreamItem item{42, {message()}};
    std::string out;
    encode_stream_item(http_call(), item, out);
    EXPECT_EQ(out, "id: 42\ndata: {\"message\":" + kMessage + "}\n\n");
    encode_stream_item(rpc_call("\"r\""), StreamItem{43, {task()}}, out);
    EXPECT_EQ(out, "id: 42\ndata: {\"message\":" + kMessage + "}\n\n" +
                       "id: 43\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"r\",\"result\":{\"task\":" +
                       kTask + "}}\n\n");
}

TEST(EncodeStream, EveryKindOfEventIsWritten) {
    TaskStatusUpdateEvent status{
        "t", "c", {TaskState::kWorking, {}, Timestamp(1761647400000ms)}, {}};
    TaskArtifactUpdateEvent artifact{
        "t", "c", Artifact{"a", "", "", {Part::from_text("x")}, {}, {}}, true, false, {}};
    std::string out;
    encode_stream_item(http_call(), StreamItem{1, {status}}, out);
    EXPECT_EQ(out,
              "id: 1\ndata: "
              "{\"statusUpdate\":{\"taskId\":\"t\",\"contextId\":\"c\",\"status\":{\"state\":"
              "\"TASK_STATE_WORKING\",\"timestamp\":\"2025-10-28T10:30:00.000Z\"}}}\n\n");
    out.clear();
    encode_stream_item(http_call(), StreamItem{2, {artifact}}, out);
    EXPECT_EQ(
        out,
        "id: 2\ndata: "
        "{\"artifactUpdate\":{\"taskId\":\"t\",\"contextId\":\"c\",\"artifact\":{\"artifactId\":"
        "\"a\",\"parts\":[{\"text\":\"x\"}]},\"append\":true}}\n\n");
}

TEST(EncodeStream, AFailureIsAnErrorEvent) {
    EventStream::Batch last;
    last.end = EventStream::End::kFailed;
    last.error = Error{ErrorCode::kInternal, "broken", nullptr};
    std::string out;
    encode_stream_end(http_call(), last, out);
    EXPECT_EQ(out,
              "event: error\ndata: "
              "{\"error\":{\"code\":500,\"status\":\"INTERNAL\",\"message\":\"broken\"}}\n\n");
    out.clear();
    encode_stream_end(rpc_call("9"), last, out);
    EXPECT_EQ(
        out,
        "data: "
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":-32603,\"message\":\"broken\"}}\n\n");
}

TEST(EncodeStream, ADrainAsksToComeAgainAndAFinishSaysNothing) {
    EventStream::Batch last;
    last.end = EventStream::End::kDraining;
    std::string out;
    encode_stream_end(http_call(), last, out);
    EXPECT_EQ(out, ": the server is stopping, go on with Last-Event-ID\n");
    out.clear();
    last.end = EventStream::End::kFinished;
    encode_stream_end(http_call(), last, out);
    EXPECT_EQ(out, "");
    encode_heartbeat(out);
    EXPECT_EQ(out, ": keep-alive\n") << "a blank line would be an empty event to some clients";
}

TEST(EncodeStream, NoCharacterWithinAnEventEndsALine) {
    TaskStatusUpdateEvent update;
    update.task_id = "t";
    update.context_id = "c";
    update.status.state = TaskState::kWorking;
    update.metadata = RawJson(
        "{\"k\":\"a\xE2\x80\xA8"
        "b\xE2\x80\xA9"
        "c\xC2\x85"
        "d\xE2\x82\xAC\"}");
    StreamItem item;
    item.response.payload = update;
    std::string out;
    encode_stream_item(http_call(), item, out);
    EXPECT_NE(out.find("\"a\\u2028b\\u2029c\\u0085d\xE2\x82\xAC\""), std::string::npos) << out;
}

}  // namespace
}  // namespace a2akit::wire
