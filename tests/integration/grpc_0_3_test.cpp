#include "integration/grpc_fixture.hpp"

#include <memory>
#include <string>

// gRPC as protocol 0.3 speaks it, beside the service of 1.0.

namespace a2akit {
namespace {

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

}  // namespace
}  // namespace a2akit
