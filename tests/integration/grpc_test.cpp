#include "integration/grpc_fixture.hpp"
#include "support/temporary_directory.hpp"

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

// -- TLS

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
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
