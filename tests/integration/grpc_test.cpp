#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include "a2a_status.pb.h"
#include "a2a_v0_3.grpc.pb.h"
#include "a2a_v1_0.grpc.pb.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;
using test_support::until;

namespace v1 = ::lf::a2a::v1;
using Stub = v1::A2AService::Stub;

v1::SendMessageRequest saying(const std::string& text) {
    v1::SendMessageRequest request;
    request.mutable_message()->set_message_id("m");
    request.mutable_message()->set_role(v1::ROLE_USER);
    request.mutable_message()->add_parts()->set_text(text);
    return request;
}

v1::GetTaskRequest named(const std::string& id) {
    v1::GetTaskRequest request;
    request.set_id(id);
    return request;
}

/// What grpc-status-details-bin says, which has to agree with the status itself.
rpc::details::Status details_of(const grpc::Status& status) {
    rpc::details::Status details;
    EXPECT_TRUE(details.ParseFromString(status.error_details()));
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    EXPECT_LT(status.error_details().size(), 8192U);
    return details;
}

std::string reason_of(const grpc::Status& status) {
    const auto details = details_of(status);
    for (const auto& any : details.details()) {
        if (any.type_url() != "type.googleapis.com/google.rpc.ErrorInfo") continue;
        rpc::details::ErrorInfo info;
        EXPECT_TRUE(info.ParseFromString(any.value()));
        return info.reason();
    }
    return "no ErrorInfo";
}

class GrpcTest : public ::testing::Test {
protected:
    void start(ServerOptions options) {
        options.settings.grpc_port = 0;
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
        HttpClient client(server->port());
        card = client.exchange("GET", "/.well-known/agent-card.json").body;
        const auto named = card.find("GRPC");
        ASSERT_NE(named, std::string::npos) << card;
        const auto url = card.rfind("\"url\":\"", named) + 7;
        address = card.substr(url, card.find('"', url) - url);
        stub = v1::A2AService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    }
    void start() { start(test_options(agent)); }

    std::shared_ptr<TestAgent> agent = std::make_shared<TestAgent>();
    std::unique_ptr<Server> server;
    std::string card;
    std::string address;
    std::unique_ptr<Stub> stub;
};

TEST_F(GrpcTest, ABlockingSendAnswersWithTheFinishedTaskWhichOtherBindingsRead) {
    start();
    grpc::ClientContext context;
    context.AddMetadata("a2a-version", "1.0");
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, saying("hi"), &sent);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(sent.task().status().state(), v1::TASK_STATE_COMPLETED);
    EXPECT_NE(sent.DebugString().find("Echo: hi"), std::string::npos) << sent.DebugString();
    EXPECT_GT(sent.task().status().timestamp().seconds(), 1'000'000'000);

    HttpClient http(server->port());
    EXPECT_NE(http.exchange("GET", "/tasks/" + sent.task().id()).body.find("Echo: hi"),
              std::string::npos);
    grpc::ClientContext again;
    v1::Task task;
    ASSERT_TRUE(stub->GetTask(&again, named(sent.task().id()), &task).ok());
    EXPECT_EQ(task.SerializeAsString(), sent.task().SerializeAsString());
}

TEST_F(GrpcTest, AStreamBeginsWithTheTaskAndEndsWithItsEnd) {
    start();
    grpc::ClientContext context;
    const auto stream = stub->SendStreamingMessage(&context, saying("words"));
    v1::StreamResponse event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_TRUE(event.has_task()) << event.DebugString();
    std::string words;
    v1::TaskState state = v1::TASK_STATE_UNSPECIFIED;
    while (stream->Read(&event)) {
        if (event.has_artifact_update())
            words += event.artifact_update().artifact().parts(0).text();
        if (event.has_status_update()) state = event.status_update().status().state();
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(words.substr(0, 13), "one two three");
    EXPECT_EQ(state, v1::TASK_STATE_COMPLETED);
}

TEST_F(GrpcTest, APageSizeOfZeroIsNone) {
    start();
    grpc::ClientContext context;
    v1::ListTasksRequest request;
    request.set_page_size(0);
    v1::ListTasksResponse list;
    const auto status = stub->ListTasks(&context, request, &list);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(list.page_size(), 50);
}

TEST_F(GrpcTest, EventsThatAreThereTogetherArriveWithoutAnythingElseHappening) {
    start();
    grpc::ClientContext sending;
    v1::SendMessageResponse sent;
    ASSERT_TRUE(stub->SendMessage(&sending, saying("words"), &sent).ok());
    grpc::ClientContext context;
    context.AddMetadata("last-event-id", "1");
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    v1::SubscribeToTaskRequest subscribe;
    subscribe.set_id(sent.task().id());
    const auto stream = stub->SubscribeToTask(&context, subscribe);
    v1::StreamResponse event;
    int events = 0;
    while (stream->Read(&event)) ++events;
    const auto status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_GT(events, 3);
    EXPECT_EQ(event.status_update().status().state(), v1::TASK_STATE_COMPLETED);
}

TEST_F(GrpcTest, MetadataAndDataPartsComeBackAsTheyWere) {
    ServerOptions options = test_options(agent);
    options.card.input_modes = {"*/*"};
    start(std::move(options));
    auto request = saying("hi");
    auto& fields = *request.mutable_message()->mutable_metadata()->mutable_fields();
    fields["whole"].set_number_value(7);
    fields["part"].set_number_value(0.5);
    fields["text"].set_string_value("\"\xc3\xa4\n");
    fields["none"].set_null_value(google::protobuf::NULL_VALUE);
    auto& list = *request.mutable_message()->add_parts()->mutable_data()->mutable_list_value();
    list.add_values()->set_bool_value(true);
    list.add_values()->mutable_struct_value();
    request.mutable_message()->add_parts()->set_raw(std::string("\0\xff", 2));
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, request, &sent);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_GT(sent.task().history_size(), 0);
    const v1::Message& kept = sent.task().history(0);
    EXPECT_EQ(kept.metadata().DebugString(), request.message().metadata().DebugString());
    ASSERT_EQ(kept.parts_size(), 3);
    EXPECT_EQ(kept.parts(1).DebugString(), request.message().parts(1).DebugString());
    EXPECT_EQ(kept.parts(2).raw(), request.message().parts(2).raw());
}

TEST_F(GrpcTest, ErrorsHaveTheirCodeReasonAndFields) {
    start();
    {
        grpc::ClientContext context;
        v1::Task task;
        const auto status =
            stub->GetTask(&context, named("00000000-0000-7000-8000-000000000000"), &task);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
        EXPECT_EQ(reason_of(status), "TASK_NOT_FOUND");
    }
    {
        grpc::ClientContext context;
        v1::SendMessageResponse sent;
        v1::SendMessageRequest request;
        request.mutable_message()->add_parts();
        const auto status = stub->SendMessage(&context, request, &sent);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        for (const char* field : {"message.messageId", "message.role", "message.parts[0]"}) {
            EXPECT_NE(status.error_message().find(field), std::string::npos)
                << status.error_message();
        }
        rpc::details::BadRequest wrong;
        const auto details = details_of(status);
        ASSERT_TRUE(wrong.ParseFromString(details.details(details.details_size() - 1).value()));
        EXPECT_EQ(wrong.field_violations_size(), 3);
    }
    {
        grpc::ClientContext context;
        context.AddMetadata("a2a-version", "0.3");
        v1::Task task;
        const auto status = stub->GetTask(&context, named("x"), &task);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
        EXPECT_EQ(reason_of(status), "VERSION_NOT_SUPPORTED");
    }
}

TEST_F(GrpcTest, ManyWrongFieldsFitIntoTheTrailers) {
    start();
    auto request = saying("hi");
    for (int i = 0; i < 5000; ++i) request.mutable_message()->add_parts();
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, request, &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_GT(details_of(status).details_size(), 0);
}

TEST_F(GrpcTest, ADeadlineEndsTheCallAndNotTheTask) {
    start();
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, saying("wait"), &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    until([&] { return agent->waiting == 1; });
    EXPECT_EQ(agent->cancelled, 0);
}

TEST_F(GrpcTest, AClientThatLeavesItsStreamDoesNotStopTheTaskWhichIsCancelledByACall) {
    start();
    std::string id;
    {
        grpc::ClientContext context;
        const auto stream = stub->SendStreamingMessage(&context, saying("wait"));
        v1::StreamResponse event;
        ASSERT_TRUE(stream->Read(&event));
        id = event.task().id();
        until([&] { return agent->waiting == 1; });
        context.TryCancel();
        while (stream->Read(&event)) {
        }
        EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    }
    EXPECT_EQ(agent->cancelled, 0);
    grpc::ClientContext subscribing;
    v1::SubscribeToTaskRequest subscribe;
    subscribe.set_id(id);
    const auto stream = stub->SubscribeToTask(&subscribing, subscribe);
    v1::StreamResponse event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.task().status().state(), v1::TASK_STATE_WORKING);
    grpc::ClientContext cancelling;
    v1::CancelTaskRequest cancel;
    cancel.set_id(id);
    v1::Task canceled;
    ASSERT_TRUE(stub->CancelTask(&cancelling, cancel, &canceled).ok());
    EXPECT_EQ(canceled.status().state(), v1::TASK_STATE_CANCELED);
    while (stream->Read(&event)) {
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_EQ(event.status_update().status().state(), v1::TASK_STATE_CANCELED);
}

TEST_F(GrpcTest, AMessageLargerThanABodyMayBeIsRefused) {
    ServerOptions options = test_options(agent);
    options.settings.max_body_bytes = 64 * 1024;
    start(std::move(options));
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, saying(std::string(100 * 1024, 'x')), &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
    EXPECT_EQ(agent->started, 0);
}

TEST_F(GrpcTest, TheLimitsAreThoseOfHttp) {
    ServerOptions options = test_options(agent);
    options.settings.max_waiting_sends = 1;
    start(std::move(options));
    HttpClient waiting(server->port());
    waiting.request("POST", "/message:send", send_body("wait"));
    until([&] { return agent->waiting == 1; });
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    const auto status = stub->SendMessage(&context, saying("hi"), &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(reason_of(status), "UNAVAILABLE");
}

TEST_F(GrpcTest, TheStreamsOfAllBindingsAreCountedTogether) {
    ServerOptions options = test_options(agent);
    options.settings.max_streams = 1;
    start(std::move(options));
    grpc::ClientContext context;
    const auto stream = stub->SendStreamingMessage(&context, saying("wait"));
    v1::StreamResponse event;
    ASSERT_TRUE(stream->Read(&event));
    HttpClient http(server->port());
    EXPECT_EQ(http.exchange("POST", "/message:stream", send_body("hi")).status, 503);
    EXPECT_EQ(http.exchange("POST", "/message:send", send_body("hi")).status, 200);
    context.TryCancel();
}

TEST_F(GrpcTest, TheBytesOfRequestsOfAllBindingsAreCountedTogether) {
    constexpr std::size_t kSize = 60 * 1024;
    ServerOptions options = test_options(agent);
    options.settings.max_body_bytes = 64 * 1024;
    options.settings.max_request_bytes = 3 * 64 * 1024;
    start(std::move(options));
    std::vector<std::future<void>> waiting;
    for (int i = 0; i < 3; ++i) {
        waiting.push_back(std::async(std::launch::async, [&] {
            v1::SendMessageRequest request = saying("wait");
            (*request.mutable_metadata()->mutable_fields())["padding"].set_string_value(
                std::string(kSize, 'x'));
            grpc::ClientContext context;
            v1::SendMessageResponse sent;
            (void)stub->SendMessage(&context, request, &sent);
        }));
    }
    until([&] { return agent->waiting == 3; });
    HttpClient http(server->port());
    EXPECT_EQ(http.exchange("POST", "/message:send", send_body(std::string(kSize, 'x'))).status,
              503);
    HttpClient small(server->port());
    EXPECT_EQ(small.exchange("POST", "/message:send", send_body("hi")).status, 200);
    server->stop();
    for (auto& send : waiting) send.get();
}

TEST_F(GrpcTest, MiddlewaresReadTheMetadata) {
    ServerOptions options = test_options(agent);
    options.middlewares.push_back(std::make_shared<BearerMiddleware>(
        [](std::string token) -> Async<std::optional<Principal>> {
            if (token != "good") co_return std::nullopt;
            co_return Principal{"somebody", {}};
        }));
    start(std::move(options));
    grpc::ClientContext without;
    v1::SendMessageResponse sent;
    const auto refused = stub->SendMessage(&without, saying("hi"), &sent);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(without.GetServerTrailingMetadata().count("www-authenticate"), 1U);
    grpc::ClientContext with;
    with.AddMetadata("authorization", "Bearer good");
    const auto accepted = stub->SendMessage(&with, saying("hi"), &sent);
    EXPECT_TRUE(accepted.ok()) << accepted.error_message();
}

TEST_F(GrpcTest, ActivatedExtensionsComeBackInTheTrailers) {
    ServerOptions options = test_options(agent);
    options.card.extensions.push_back({"https://example.org/a", "", false, {}});
    start(std::move(options));
    grpc::ClientContext context;
    context.AddMetadata("a2a-extensions", "https://example.org/a, https://example.org/b");
    v1::SendMessageResponse sent;
    ASSERT_TRUE(stub->SendMessage(&context, saying("hi"), &sent).ok());
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto found = trailers.find("a2a-extensions");
    ASSERT_NE(found, trailers.end());
    EXPECT_EQ(std::string(found->second.data(), found->second.size()), "https://example.org/a");
}

TEST_F(GrpcTest, AStopAnswersWhoWaitsAndEndsStreams) {
    start();
    auto waiting = std::async(std::launch::async, [&] {
        grpc::ClientContext context;
        v1::SendMessageResponse sent;
        const auto status = stub->SendMessage(&context, saying("wait"), &sent);
        return std::pair(status.error_code(), sent.task().status().state());
    });
    grpc::ClientContext context;
    const auto stream = stub->SendStreamingMessage(&context, saying("wait"));
    v1::StreamResponse event;
    ASSERT_TRUE(stream->Read(&event));
    until([&] { return agent->waiting == 2; });
    server->stop();
    const auto [code, state] = waiting.get();
    EXPECT_EQ(code, grpc::StatusCode::OK);
    EXPECT_EQ(state, v1::TASK_STATE_WORKING);
    while (stream->Read(&event)) {
    }
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

class Grpc03Test : public GrpcTest {
protected:
    void start_0_3() {
        start();
        old = ::a2a::v1::A2AService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    }
    static ::a2a::v1::SendMessageRequest old_saying(const std::string& text) {
        ::a2a::v1::SendMessageRequest request;
        request.mutable_request()->set_message_id("m");
        request.mutable_request()->set_role(::a2a::v1::ROLE_USER);
        request.mutable_request()->add_content()->set_text(text);
        request.mutable_configuration()->set_blocking(true);
        return request;
    }

    std::unique_ptr<::a2a::v1::A2AService::Stub> old;
};

TEST_F(Grpc03Test, ATaskIsSentReadAndStreamedAndTheOtherVersionReadsIt) {
    start_0_3();
    grpc::ClientContext sending;
    ::a2a::v1::SendMessageResponse sent;
    const auto status = old->SendMessage(&sending, old_saying("hi"), &sent);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(sent.task().status().state(), ::a2a::v1::TASK_STATE_COMPLETED);
    EXPECT_NE(sent.DebugString().find("Echo: hi"), std::string::npos) << sent.DebugString();

    grpc::ClientContext getting;
    ::a2a::v1::GetTaskRequest get;
    get.set_name("tasks/" + sent.task().id());
    ::a2a::v1::Task task;
    ASSERT_TRUE(old->GetTask(&getting, get, &task).ok());
    EXPECT_EQ(task.DebugString(), sent.task().DebugString());
    grpc::ClientContext reading;
    v1::Task same;
    ASSERT_TRUE(stub->GetTask(&reading, named(task.id()), &same).ok());

    grpc::ClientContext streaming;
    const auto stream = old->SendStreamingMessage(&streaming, old_saying("words"));
    ::a2a::v1::StreamResponse event;
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_TRUE(event.has_task());
    while (stream->Read(&event)) {
    }
    EXPECT_TRUE(stream->Finish().ok());
    EXPECT_TRUE(event.status_update().final()) << event.DebugString();
}

TEST_F(Grpc03Test, ASendThatDoesNotBlockReturnsAtOnceAndIsCancelledByItsName) {
    start_0_3();
    auto request = old_saying("wait");
    request.mutable_configuration()->set_blocking(false);
    grpc::ClientContext sending;
    ::a2a::v1::SendMessageResponse sent;
    ASSERT_TRUE(old->SendMessage(&sending, request, &sent).ok());
    grpc::ClientContext cancelling;
    ::a2a::v1::CancelTaskRequest cancel;
    cancel.set_name("tasks/" + sent.task().id());
    ::a2a::v1::Task task;
    ASSERT_TRUE(old->CancelTask(&cancelling, cancel, &task).ok());
    EXPECT_EQ(task.status().state(), ::a2a::v1::TASK_STATE_CANCELLED);
}

TEST_F(Grpc03Test, WrongNamesFieldsAndVersionsAreRefused) {
    start_0_3();
    grpc::ClientContext getting;
    ::a2a::v1::GetTaskRequest get;
    get.set_name("task/1");
    ::a2a::v1::Task task;
    auto status = old->GetTask(&getting, get, &task);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_NE(status.error_message().find("name: must be"), std::string::npos)
        << status.error_message();
    grpc::ClientContext sending;
    ::a2a::v1::SendMessageResponse sent;
    status = old->SendMessage(&sending, {}, &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    grpc::ClientContext newer;
    newer.AddMetadata("a2a-version", "1.0");
    status = old->SendMessage(&newer, old_saying("hi"), &sent);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(reason_of(status), "VERSION_NOT_SUPPORTED");
}

/// Calls a method with bytes that no stub has made.
grpc::Status call_raw(const std::string& address, const char* method, const std::string& bytes,
                      std::string* answer = nullptr) {
    const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    const auto status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
        channel.get(), grpc::internal::RpcMethod(method, grpc::internal::RpcMethod::NORMAL_RPC),
        &context, request, &response);
    grpc::Slice all;
    if (answer != nullptr && status.ok() && response.DumpToSingleSlice(&all).ok()) {
        answer->assign(reinterpret_cast<const char*>(all.begin()), all.size());
    }
    return status;
}

TEST_F(GrpcTest, GarbageIsRefusedAndTheNextCallIsServed) {
    start();
    const std::string garbage = "\xff\xff\xff\xff garbage";
    for (const char* method :
         {"/lf.a2a.v1.A2AService/SendMessage", "/a2a.v1.A2AService/SendMessage"}) {
        const auto status = call_raw(address, method, garbage);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
        EXPECT_EQ(status.error_message(), "the bytes are not the message that this method takes");
    }
    EXPECT_EQ(call_raw(address, "/lf.a2a.v1.A2AService/NoSuchMethod", "").error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
    // A string that is no UTF-8.
    EXPECT_FALSE(
        call_raw(address, "/lf.a2a.v1.A2AService/GetTask", std::string("\x12\x01\xff")).ok());
    // A string with the character NUL.
    const auto nul =
        call_raw(address, "/lf.a2a.v1.A2AService/GetTask", std::string("\x12\x02x\0", 4));
    EXPECT_EQ(nul.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_NE(nul.error_message().find("id: must not contain"), std::string::npos)
        << nul.error_message();
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    EXPECT_TRUE(stub->SendMessage(&context, saying("hi"), &sent).ok());
}

TEST_F(GrpcTest, TheCharacterNulIsRefusedInEachFieldOfProtocol0_3) {
    start();
    const std::string nul("\0", 1);
    const auto refused = [&](const char* method, const auto& request, const std::string& field) {
        const std::string path = "/a2a.v1.A2AService/" + std::string(method);
        const auto status = call_raw(address, path.c_str(), request.SerializeAsString());
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method;
        EXPECT_NE(status.error_message().find(field + ": must not contain the character NUL"),
                  std::string::npos)
            << status.error_message();
    };
    ::a2a::v1::GetTaskRequest get;
    get.set_name("tasks/x" + nul);
    refused("GetTask", get, "name");
    ::a2a::v1::CancelTaskRequest cancel;
    cancel.set_name("tasks/x" + nul);
    refused("CancelTask", cancel, "name");
    ::a2a::v1::TaskSubscriptionRequest subscribe;
    subscribe.set_name("tasks/x" + nul);
    refused("TaskSubscription", subscribe, "name");
    ::a2a::v1::GetTaskPushNotificationConfigRequest config;
    config.set_name("tasks/x/pushNotificationConfigs/y" + nul);
    refused("GetTaskPushNotificationConfig", config, "name");
    ::a2a::v1::DeleteTaskPushNotificationConfigRequest erase;
    erase.set_name("tasks/x/pushNotificationConfigs/y" + nul);
    refused("DeleteTaskPushNotificationConfig", erase, "name");
    ::a2a::v1::ListTaskPushNotificationConfigRequest list;
    list.set_parent("tasks/x" + nul);
    refused("ListTaskPushNotificationConfig", list, "parent");
    list.set_parent("tasks/x");
    list.set_page_token("page" + nul);
    refused("ListTaskPushNotificationConfig", list, "pageToken");
}

TEST_F(GrpcTest, AMessageOfTheOtherVersionIsNamedAsSuch) {
    start();
    ::a2a::v1::SendMessageRequest old;
    old.mutable_request()->set_message_id("m");
    old.mutable_request()->set_role(::a2a::v1::ROLE_USER);
    old.mutable_request()->add_content()->set_text("hi");
    const auto named = [&](const char* method, const std::string& bytes, const char* how) {
        const auto status = call_raw(address, method, bytes);
        EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
        EXPECT_NE(status.error_message().find(how), std::string::npos) << status.error_message();
    };
    for (const char* method : {"SendMessage", "SendStreamingMessage"}) {
        named(("/lf.a2a.v1.A2AService/" + std::string(method)).c_str(), old.SerializeAsString(),
              "this is how protocol 0.3 writes a message: call a2a.v1.A2AService");
        named(("/a2a.v1.A2AService/" + std::string(method)).c_str(),
              saying("hi").SerializeAsString(),
              "this is how protocol 1.0 writes a message: call lf.a2a.v1.A2AService");
    }
}

TEST_F(GrpcTest, ItsHealthIsServing) {
    start();
    std::string health;
    ASSERT_TRUE(call_raw(address, "/grpc.health.v1.Health/Check", "", &health).ok());
    EXPECT_EQ(health, "\x08\x01");  // SERVING
}

TEST_F(GrpcTest, APortThatIsTakenIsAnError) {
    start();
    ServerOptions options = test_options(agent);
    options.settings.grpc_port =
        static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    Server second(std::move(options));
    const auto started = second.start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find("A2AKIT_GRPC_PORT"), std::string::npos)
        << started.error().message;
}

// -- TLS ------------------------------------------------------------------------------------------

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(GrpcTest, PushConfigurationsAreServedInBothVersions) {
    ServerOptions options = test_options(agent);
    options.card.push_notifications = true;
    start(std::move(options));
    auto sending = saying("hi");
    sending.mutable_configuration()->mutable_task_push_notification_config()->set_url(
        "https://hooks.example.com/inline");
    grpc::ClientContext send_context;
    v1::SendMessageResponse sent;
    ASSERT_TRUE(stub->SendMessage(&send_context, sending, &sent).ok());
    const std::string task = sent.task().id();

    v1::TaskPushNotificationConfig config;
    config.set_task_id(task);
    config.set_id("mine");
    config.set_url("https://hooks.example.com/mine");
    config.set_token("t0ken");
    grpc::ClientContext create_context;
    v1::TaskPushNotificationConfig made;
    ASSERT_TRUE(stub->CreateTaskPushNotificationConfig(&create_context, config, &made).ok());
    v1::ListTaskPushNotificationConfigsRequest listing;
    listing.set_task_id(task);
    grpc::ClientContext list_context;
    v1::ListTaskPushNotificationConfigsResponse listed;
    ASSERT_TRUE(stub->ListTaskPushNotificationConfigs(&list_context, listing, &listed).ok());
    EXPECT_EQ(listed.configs_size(), 2) << listed.DebugString();
    EXPECT_EQ(listed.DebugString().find("t0ken"), std::string::npos) << listed.DebugString();

    const auto old = ::a2a::v1::A2AService::NewStub(
        grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    ::a2a::v1::GetTaskPushNotificationConfigRequest wanted;
    wanted.set_name("tasks/" + task + "/pushNotificationConfigs/mine");
    grpc::ClientContext get_context;
    ::a2a::v1::TaskPushNotificationConfig got;
    ASSERT_TRUE(old->GetTaskPushNotificationConfig(&get_context, wanted, &got).ok());
    EXPECT_EQ(got.push_notification_config().url(), "https://hooks.example.com/mine");
    ::a2a::v1::DeleteTaskPushNotificationConfigRequest deleting;
    deleting.set_name(wanted.name());
    grpc::ClientContext delete_context;
    google::protobuf::Empty nothing;
    EXPECT_TRUE(old->DeleteTaskPushNotificationConfig(&delete_context, deleting, &nothing).ok());
    grpc::ClientContext gone_context;
    EXPECT_EQ(old->GetTaskPushNotificationConfig(&gone_context, wanted, &got).error_code(),
              grpc::StatusCode::NOT_FOUND);
}

class GrpcTlsTest : public GrpcTest {
protected:
    void SetUp() override {
        const std::string make =
            std::string("python3 -B ") + A2AKIT_CERTIFICATES_SCRIPT + " " + directory.path();
        ASSERT_EQ(std::system(make.c_str()), 0);
        ServerOptions options = test_options(agent);
        options.settings.grpc_port = 0;
        options.settings.tls_cert = directory.file("server.pem");
        options.settings.tls_key = directory.file("server.key");
        options.settings.tls_client_ca = directory.file("ca.pem");
        server = std::make_unique<Server>(std::move(options));
        const auto started = server->start();
        ASSERT_TRUE(started) << started.error().message;
        const std::string card =
            output_of("curl -s --cacert " + directory.file("ca.pem") + " --cert " +
                      directory.file("alice.pem") + " --key " + directory.file("alice.key") + " " +
                      server->url() + "/.well-known/agent-card.json");
        const auto named = card.find("GRPC");
        ASSERT_NE(named, std::string::npos) << card;
        const std::string url =
            test_support::text_of(card.substr(card.rfind("\"url\"", named)), "url");
        port = url.substr(url.rfind(':') + 1);
    }
    static std::string output_of(const std::string& command) {
        std::FILE* const pipe = ::popen(command.c_str(), "r");
        std::string text;
        for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;)
            text += static_cast<char>(c);
        if (pipe != nullptr) ::pclose(pipe);
        return text;
    }
    /// A client with the certificate of `holder`; empty: without one.
    std::unique_ptr<Stub> client(const std::string& holder) {
        grpc::SslCredentialsOptions files;
        files.pem_root_certs = content_of(directory.file("ca.pem"));
        if (!holder.empty()) {
            files.pem_cert_chain = content_of(directory.file(holder + ".pem"));
            files.pem_private_key = content_of(directory.file(holder + ".key"));
        }
        // By its address: c-ares, which gRPC would look the name up with, leaks a few bytes.
        grpc::ChannelArguments arguments;
        arguments.SetSslTargetNameOverride("localhost");
        return v1::A2AService::NewStub(
            grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::SslCredentials(files), arguments));
    }
    test_support::TemporaryDirectory directory;
    std::string port;
};

TEST_F(GrpcTlsTest, ACertificateIsThePrincipalAndWithoutOneThereIsNoConnection) {
    const auto alice = client("alice");
    grpc::ClientContext context;
    v1::SendMessageResponse sent;
    const auto status = alice->SendMessage(&context, saying("hi"), &sent);
    ASSERT_TRUE(status.ok()) << status.error_message();
    v1::Task task;
    grpc::ClientContext again;
    EXPECT_TRUE(alice->GetTask(&again, named(sent.task().id()), &task).ok());
    grpc::ClientContext others;
    const auto hidden = client("bob")->GetTask(&others, named(sent.task().id()), &task);
    EXPECT_EQ(hidden.error_code(), grpc::StatusCode::NOT_FOUND);
    grpc::ClientContext without;
    const auto refused = client("")->GetTask(&without, named(sent.task().id()), &task);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace a2akit
