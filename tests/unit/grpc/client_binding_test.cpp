#include "grpc/client_binding.hpp"
#include "grpc/client_status.hpp"
#include "grpc/convert.hpp"
#include "grpc/convert_0_3.hpp"
#include "grpc/status.hpp"
#include "json/codec.hpp"
#include "json/scalars.hpp"
#include "wire/error_table.hpp"
#include "wire/uri.hpp"

#include "a2a_v0_3.pb.h"
#include "a2a_v1_0.pb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace a2akit::rpc {
namespace {

using client::Binding;
using client::Headers;
using client::HttpAnswer;
using client::HttpRequest;
using ::testing::HasSubstr;

std::unique_ptr<const Binding> binding(const std::string& version) {
    return make_client_binding({"http://agent:1", "GRPC", {}, version},
                               *wire::client_codec(version));
}

/// The message in a body that holds one.
std::string message_in(const std::string& body) {
    EXPECT_GE(body.size(), 5U);
    return body.substr(5);
}

std::string frame(const std::string& message) {
    std::string bytes(1, '\0');
    for (const int shift : {24, 16, 8, 0})
        bytes += static_cast<char>(message.size() >> shift & 0xFFU);
    return bytes + message;
}

/// What the server reads out of a request of the client.
template <class M>
OperationParams taken_by_server(const Binding& binding, Operation operation,
                                const OperationParams& params) {
    const HttpRequest request = binding.request(operation, params).value_or_throw();
    M message;
    EXPECT_TRUE(message.ParseFromString(message_in(request.body)));
    OperationParams read_back;
    Violations wrong;
    read(message, read_back, wrong);
    for (const FieldViolation& violation : wrong)
        ADD_FAILURE() << violation.field << ": " << violation.description;
    return read_back;
}

SendMessageRequest full_send() {
    SendMessageRequest request;
    request.message.message_id = "m1";
    request.message.context_id = "c1";
    request.message.task_id = "t1";
    request.message.role = Role::kUser;
    request.message.metadata = RawJson(R"({"name":"ä"})");
    request.message.parts.push_back(Part::from_text("hi"));
    request.message.parts.push_back({RawContent{std::string("\0\xff\x01", 3)}, {}, "a.bin", "x/y"});
    request.message.parts.push_back({UrlContent{"http://files/1"}, {}, "b", "text/plain"});
    request.message.parts.push_back({DataContent{RawJson(R"({"list":[1,"two",null]})")}});
    request.configuration.emplace();
    request.configuration->accepted_output_modes = {"text/plain"};
    request.configuration->history_length = 3;
    return request;
}

TEST(GrpcClientBinding, ASendArrivesAsItWasInBothVersions) {
    const SendMessageRequest request = full_send();
    const auto v1_0 = std::get<SendMessageRequest>(
        taken_by_server<v1::SendMessageRequest>(*binding("1.0"), Operation::kSendMessage, request));
    EXPECT_EQ(json::encode(v1_0), json::encode(request));
    const auto v0_3 = std::get<SendMessageRequest>(
        taken_by_server<v0::SendMessageRequest>(*binding("0.3"), Operation::kSendMessage, request));
    EXPECT_EQ(json::encode(v0_3.message.parts[0]), json::encode(request.message.parts[0]));
    EXPECT_EQ(std::get<RawContent>(v0_3.message.parts[1].content).bytes,
              std::get<RawContent>(request.message.parts[1].content).bytes);
    EXPECT_EQ(v0_3.configuration->history_length, 3);
    EXPECT_FALSE(v0_3.configuration->return_immediately);
}

TEST(GrpcClientBinding, NamesArriveAsTheyWereInBothVersions) {
    const auto get = std::get<GetTaskRequest>(taken_by_server<v1::GetTaskRequest>(
        *binding("1.0"), Operation::kGetTask, GetTaskRequest{"acme", "t1", 2}));
    EXPECT_EQ(get.tenant + get.id + std::to_string(*get.history_length), "acmet12");
    const auto old = std::get<GetTaskRequest>(taken_by_server<v0::GetTaskRequest>(
        *binding("0.3"), Operation::kGetTask, GetTaskRequest{"", "t1", 2}));
    EXPECT_EQ(old.id + std::to_string(*old.history_length), "t12");
    const GetTaskPushNotificationConfigRequest named{"", "t1", "c1"};
    const auto config = std::get<GetTaskPushNotificationConfigRequest>(
        taken_by_server<v0::GetTaskPushNotificationConfigRequest>(
            *binding("0.3"), Operation::kGetTaskPushNotificationConfig, named));
    EXPECT_EQ(config.task_id + config.id, "t1c1");
    ListTasksRequest list;
    list.context_id = "c";
    list.status = TaskState::kWorking;
    list.page_size = 5;
    list.status_timestamp_after = Timestamp(Duration(1500));
    const auto listed = std::get<ListTasksRequest>(
        taken_by_server<v1::ListTasksRequest>(*binding("1.0"), Operation::kListTasks, list));
    EXPECT_EQ(listed.status, TaskState::kWorking);
    EXPECT_EQ(listed.page_size, 5);
    EXPECT_EQ(listed.status_timestamp_after, list.status_timestamp_after);
}

/// What the client reads when the server answers with `reply`.
template <class M>
Reply taken_by_client(const std::string& version, Operation operation, const Reply& reply) {
    M message;
    write(reply, message);
    const Headers head{{"content-type", "application/grpc"}};
    return binding(version)
        ->reply({{200, head}, frame(message.SerializeAsString()), {{"grpc-status", "0"}}},
                operation)
        .value_or_throw();
}

TEST(GrpcClientBinding, RepliesArriveAsTheyWereInBothVersions) {
    Task task;
    task.id = "t1";
    task.context_id = "c1";
    task.status.state = TaskState::kCanceled;
    task.status.timestamp = Timestamp(Duration(1'700'000'000'000));
    task.history.emplace_back(full_send().message);
    const auto sent = SendMessageResponse{task};
    using V1 = v1::SendMessageResponse;
    using V0 = v0::SendMessageResponse;
    const Reply new_reply = taken_by_client<V1>("1.0", Operation::kSendMessage, sent);
    EXPECT_EQ(json::encode(std::get<SendMessageResponse>(new_reply)), json::encode(sent));
    const Reply old_reply = taken_by_client<V0>("0.3", Operation::kSendMessage, sent);
    const Task old = std::get<Task>(std::get<SendMessageResponse>(old_reply).payload);
    EXPECT_EQ(old.status.state, TaskState::kCanceled);
    EXPECT_EQ(old.status.timestamp, task.status.timestamp);
    EXPECT_EQ(old.history.front()->parts.size(), 4U);
}

TEST(GrpcClientBinding, AnExtendedCardArrivesAsItWasInBothVersions) {
    AgentCard card;
    card.name = "Echo";
    card.version = "1";
    card.supported_interfaces = {{"http://agent/", "JSONRPC", {}, "1.0"},
                                 {"http://agent/", "JSONRPC", {}, "0.3"}};
    card.skills.push_back({"s", "Skill", "Does it", {"tag"}});
    card.security_schemes["key"].scheme = APIKeySecurityScheme{{}, "header", "X-Key"};
    OAuth2SecurityScheme oauth;
    oauth.description = "Log in";
    oauth.flows.flow = ClientCredentialsOAuthFlow{"https://id/token", {}, {{"read", "Read"}}};
    card.security_schemes["login"].scheme = oauth;
    card.security_schemes["certificate"].scheme = MutualTlsSecurityScheme{};
    card.security_requirements = {{{{"key", {}}, {"login", {{"read"}}}}}};
    card.skills.front().security_requirements = {{{{"certificate", {}}}}};
    const Operation extended = Operation::kGetExtendedAgentCard;
    const Reply reply = taken_by_client<v1::AgentCard>("1.0", extended, card);
    EXPECT_EQ(json::encode(std::get<AgentCard>(reply)), json::encode(card));
    const Reply old = taken_by_client<v0::AgentCard>("0.3", extended, card);
    EXPECT_EQ(std::get<AgentCard>(old).name, "Echo");
    EXPECT_EQ(std::get<AgentCard>(old).skills.front().id, "s");
    const auto security = [](const AgentCard& from) {
        AgentCard only;
        only.security_schemes = from.security_schemes;
        only.security_requirements = from.security_requirements;
        only.skills.emplace_back().security_requirements =
            from.skills.front().security_requirements;
        return json::encode(only);
    };
    EXPECT_EQ(security(std::get<AgentCard>(old)), security(card));
}

TEST(GrpcClientBinding, AnOperationThatTheVersionDoesNotHaveIsRefusedHere) {
    EXPECT_EQ(binding("0.3")->request(Operation::kListTasks, ListTasksRequest{}).error().code,
              ErrorCode::kUnsupportedOperation);
}

TEST(GrpcClientBinding, ALimitOfTimeGoesWithTheRequestInAtMostEightDigits) {
    HttpRequest request;
    const auto sent = [&](Duration timeout) {
        request.headers.clear();
        binding("1.0")->limit_time(request, timeout);
        return request.headers.empty() ? std::string() : request.headers.front().second;
    };
    EXPECT_EQ(sent(Duration(0)), "");
    EXPECT_EQ(sent(Duration(30'000)), "30000m");
    EXPECT_EQ(sent(Duration(99'999'999)), "99999999m");
    EXPECT_EQ(sent(Duration(100'000'001)), "100001S");
}

/// The headers that a status of the server's arrives in.
Headers trailers_of(const ::grpc::Status& status) {
    std::string details;
    json::append_base64(details, status.error_details());
    while (details.ends_with('=')) details.pop_back();
    return {{"grpc-status", std::to_string(status.error_code())},
            {"grpc-message", wire::percent_encode(status.error_message())},
            {"grpc-status-details-bin", details}};
}

TEST(GrpcClientStatus, EveryErrorOfTheServerIsTheSameErrorHere) {
    for (const wire::ErrorRow& row : wire::kErrorTable) {
        Error::Details details;
        details.retry_after = Duration(1500);
        details.metadata.emplace_back("taskId", "t1");
        details.violations.push_back({"message.parts", "is required"});
        const Error error = Error{row.code, "50% of it: no", nullptr}.with(std::move(details));
        const auto status = read_status(trailers_of(to_status(error)));
        ASSERT_TRUE(status);
        EXPECT_EQ(wire::error_row(status->error.code).reason, row.reason);
        EXPECT_EQ(status->error.message, "50% of it: no");
        ASSERT_NE(status->error.details, nullptr);
        EXPECT_EQ(status->error.details->retry_after, Duration(1500));
        EXPECT_EQ(status->error.details->metadata.front().second, "t1");
        EXPECT_EQ(status->error.details->violations.front().field, "message.parts");
    }
}

TEST(GrpcClientStatus, AServerWithoutDetailsIsUnderstoodByItsMessageOrItsNumber) {
    const auto code = [](const char* number, const char* message) {
        return read_status({{"grpc-status", number}, {"grpc-message", message}})->error.code;
    };
    EXPECT_EQ(code("12", "TaskNotCancelableError: it has ended"), ErrorCode::kTaskNotCancelable);
    EXPECT_EQ(code("5", "no such task"), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code("14", ""), ErrorCode::kUnavailable);
    EXPECT_EQ(code("4711", "Error"), ErrorCode::kInternal);
    EXPECT_EQ(code("-1", "Error: x"), ErrorCode::kInternal);
    EXPECT_EQ(code("five", ""), ErrorCode::kInternal);
    EXPECT_FALSE(read_status({{"content-type", "application/grpc"}}));
    EXPECT_EQ(read_status({{"grpc-status", "0"}})->code, 0);
}

TEST(GrpcClientStatus, DetailsThatAreNotTheirsAreNoDetails) {
    const auto status = read_status({{"grpc-status", "5"}, {"grpc-status-details-bin", "%%%"}});
    EXPECT_EQ(status->error.code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(status->error.message, "the agent gave no reason");
}

std::string working(const std::string& text) {
    v1::StreamResponse event;
    auto& update = *event.mutable_artifact_update();
    update.set_task_id("t1");
    update.mutable_artifact()->set_artifact_id("a");
    update.mutable_artifact()->add_parts()->set_text(text);
    return event.SerializeAsString();
}

TEST(GrpcClientStream, EventsArriveWholeWhereverTheBytesAreSplit) {
    const std::string bytes = frame(working("one")) + frame(working("two"));
    const auto owner = binding("1.0");
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        const auto decoder = owner->decoder(1000);
        std::string text;
        for (const std::string& piece : {bytes.substr(0, split), bytes.substr(split)}) {
            ASSERT_TRUE(decoder->feed(piece));
            for (;;) {
                const auto event = decoder->next();
                ASSERT_TRUE(event) << event.error().message;
                if (!*event) break;
                text += (*event)->text();
            }
        }
        EXPECT_EQ(text, "onetwo") << "split at " << split;
        EXPECT_TRUE(decoder->finish({{"grpc-status", "0"}}));
    }
}

TEST(GrpcClientStream, TheEndIsTheAgentsErrorOrACut) {
    const auto owner = binding("1.0");
    const auto end = [&](const Headers& trailers, const std::string& bytes = {}) {
        const auto decoder = owner->decoder(1000);
        EXPECT_TRUE(decoder->feed(bytes));
        EXPECT_TRUE(decoder->next());
        const auto ended = decoder->finish(trailers);
        return ended ? ErrorCode::kStopped : ended.error().code;
    };
    EXPECT_EQ(end({{"grpc-status", "0"}}), ErrorCode::kStopped) << "no error";
    EXPECT_EQ(end({}), ErrorCode::kUnavailable);
    EXPECT_EQ(end({{"grpc-status", "5"}}), ErrorCode::kTaskNotFound);
    EXPECT_EQ(end({{"grpc-status", "0"}}, "\0\0"), ErrorCode::kStopped);
    EXPECT_EQ(end({{"grpc-status", "0"}}, frame("abcdef").substr(0, 8)),
              ErrorCode::kInvalidAgentResponse);
}

TEST(GrpcClientStream, WhatNoEventCanBeIsRefusedWithoutBeingKept) {
    const auto owner = binding("1.0");
    for (const std::string& bytes :
         {std::string("\x01\0\0\0\x01x", 6), std::string("\0\xff\xff\xff\xff", 5),
          std::string("\0\0\0\x03\xe9", 5), frame("\xff\xff\xff"), frame("")}) {
        const auto decoder = owner->decoder(1000);
        ASSERT_TRUE(decoder->feed(bytes));
        const auto event = decoder->next();
        ASSERT_FALSE(event) << bytes.size();
        EXPECT_EQ(event.error().code, ErrorCode::kInvalidAgentResponse);
    }
}

TEST(GrpcClientBinding, AnAnswerThatIsNotOneOfGrpcIsAClearError) {
    const auto owner = binding("1.0");
    const auto error_in = [&](HttpAnswer answer) {
        const auto reply = owner->reply(answer, Operation::kGetTask);
        return reply ? Error{} : reply.error();
    };
    const Headers grpc{{"content-type", "application/grpc"}};
    const Headers ok{{"grpc-status", "0"}};
    EXPECT_EQ(error_in({{502, {}}, "<html>"}).code, ErrorCode::kUnavailable);
    EXPECT_THAT(error_in({{200, {{"content-type", "text/html"}}}, "<html>"}).message,
                HasSubstr("text/html"));
    EXPECT_THAT(error_in({{200, grpc}, frame("")}).message, HasSubstr("no grpc-status"));
    EXPECT_THAT(error_in({{200, grpc}, "", ok}).message, HasSubstr("no message"));
    EXPECT_THAT(error_in({{200, grpc}, frame("") + frame(""), ok}).message,
                HasSubstr("more than one"));
    EXPECT_THAT(error_in({{200, grpc}, frame("\xff\xff"), ok}).message, HasSubstr("can't be read"));
    const Headers only{{"content-type", "application/grpc"}, {"grpc-status", "5"}};
    EXPECT_EQ(error_in({{200, only}, ""}).code, ErrorCode::kTaskNotFound);
    v1::Task task;
    task.set_id("t1");
    const auto reply =
        owner->reply({{200, grpc}, frame(task.SerializeAsString()), ok}, Operation::kGetTask);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(std::get<Task>(*reply).id, "t1");
}

}  // namespace
}  // namespace a2akit::rpc
