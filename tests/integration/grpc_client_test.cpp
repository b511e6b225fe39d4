// What is different for the client over gRPC: HTTP/2, TLS, metadata, and streams whose events have
// no ids. Its operations are in client_operations_test.cpp.

#include "support/cutting_proxy.hpp"
#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/core/when.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace a2akit {
namespace {

using test_support::CuttingProxy;
using test_support::test_options;
using test_support::TestAgent;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

ClientOptions over_grpc(const std::string& version = "1.0") {
    ClientOptions options;
    options.bindings = {"GRPC"};
    options.versions = {version};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(20);
    return options;
}

ErrorCode code_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.code();
    }
    return ErrorCode::kStopped;
}

/// Keeps the metadata of the last request.
class Listener final : public Middleware {
public:
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override {
        const std::lock_guard lock(mutex_);
        last_ = envelope.context.headers;
        return Result<void>();
    }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> last() const {
        const std::lock_guard lock(mutex_);
        return {last_.begin(), last_.end()};
    }

private:
    mutable std::mutex mutex_;
    decltype(RequestContext::headers) last_;
};

/// "many": 2000 events of 1000 bytes. "count": 200 numbers, one per event.
class TalkingAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        if (ctx.user_text() == "many") {
            for (int i = 0; i < 2000; ++i)
                co_await ctx.emit_text_artifact(std::string(1000, 'x'), "many", true);
        }
        if (ctx.user_text() == "count") {
            for (int i = 0; i < 200; ++i) {
                co_await ctx.emit_text_artifact(std::to_string(i) + " ", "count", true);
                co_await yield();
            }
            co_await ctx.complete();
            co_return;
        }
        co_await ctx.complete("done");
    }
};

class GrpcClientTest : public ::testing::Test {
protected:
    void start(ServerOptions options) {
        options.settings.grpc_port = 0;
        options.middlewares.push_back(listener_);
        server_ = std::make_unique<Server>(std::move(options));
        const auto started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
    }
    void start() { start(test_options(std::make_shared<TestAgent>())); }
    [[nodiscard]] Client connect(ClientOptions options = over_grpc()) const {
        return Client::connect(server_->url(), std::move(options));
    }
    /// The address of the server's gRPC as its card names it.
    [[nodiscard]] std::string address(const ClientOptions& options = {}) const {
        const AgentCard card = fetch_card(server_->url(), options).card;
        for (const AgentInterface& one : card.supported_interfaces) {
            if (one.protocol_binding == "GRPC") return one.url;
        }
        return {};
    }

    std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
    std::unique_ptr<Server> server_;
};

TEST_F(GrpcClientTest, TheCardsOrderDecidesAndBindingsMayBeRuledOut) {
    start();
    ClientOptions options;
    EXPECT_EQ(connect(options).interface().protocol_binding, "JSONRPC");
    options.prefer_bindings_order = true;
    options.bindings = {"GRPC", "JSONRPC"};
    const Client client = connect(options);
    EXPECT_EQ(client.interface().protocol_binding, "GRPC");
    EXPECT_EQ(client.interface().url, "http://" + address());
}

TEST_F(GrpcClientTest, TheNextInterfaceIsTakenWhenGrpcDoesNotAnswer) {
    start();
    AgentCard card = fetch_card(server_->url()).card;
    card.supported_interfaces.insert(card.supported_interfaces.begin(),
                                     {"127.0.0.1:9", "GRPC", {}, "1.0"});
    ClientOptions options = over_grpc();
    options.bindings = {"GRPC", "JSONRPC"};
    Client client(card, options);
    EXPECT_EQ(client.send("hi").text(), "Echo: hi");
}

TEST_F(GrpcClientTest, MetadataSayTheVersionTheExtensionsTheKeyAndTheToken) {
    start();
    ClientOptions options = over_grpc();
    options.extensions = {"https://example.com/ext/v1"};
    options.bearer_token = "secret";
    // The port of gRPC is another origin than that of the card.
    EXPECT_EQ(code_of([&] { (void)connect(options); }), ErrorCode::kPermissionDenied);
    options.credential_origins = {address()};
    Client client = connect(options);
    (void)client.send("hi", {.idempotency_key = "key-1"});
    const auto metadata = listener_->last();
    EXPECT_THAT(metadata, Contains(Pair("a2a-version", "1.0")));
    EXPECT_THAT(metadata, Contains(Pair("a2a-extensions", "https://example.com/ext/v1")));
    EXPECT_THAT(metadata, Contains(Pair("authorization", "Bearer secret")));
    EXPECT_THAT(metadata, Contains(Pair("idempotency-key", "key-1")));
}

TEST_F(GrpcClientTest, AMissingTokenIsUnauthenticatedWithItsChallenge) {
    ServerOptions options = test_options(std::make_shared<TestAgent>());
    options.middlewares.push_back(std::make_shared<BearerMiddleware>(
        [](std::string) -> Async<std::optional<Principal>> { return std::optional<Principal>(); },
        "here"));
    start(std::move(options));
    Client client = connect();
    try {
        (void)client.send("hi");
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnauthenticated);
        ASSERT_NE(exception.error().details, nullptr);
        EXPECT_THAT(exception.error().details->challenge, HasSubstr("here"));
    }
}

TEST_F(GrpcClientTest, ACallEndsWhenItsTimeIsOver) {
    start();
    ClientOptions options = over_grpc();
    options.send_timeout = Duration(50);
    options.retry.attempts = 1;
    Client client = connect(options);
    EXPECT_EQ(code_of([&] { (void)client.send("wait"); }), ErrorCode::kUnavailable);
}

TEST_F(GrpcClientTest, AReaderThatRestsLosesNothingAndHoldsUpNoOtherCall) {
    start(test_options(std::make_shared<TalkingAgent>()));
    Client client = connect();
    ClientStream stream = client.stream("many");
    ASSERT_TRUE(stream.next());
    // The stream has more bytes than anything on the way can hold; the calls do not wait for it.
    for (int i = 0; i < 20; ++i) EXPECT_EQ(client.send("hi").text(), "done");
    std::size_t bytes = 0;
    TaskState state = TaskState::kUnspecified;
    while (const auto event = stream.next()) {
        if (event->artifact() != nullptr && event->artifact()->artifact->artifact_id == "many")
            bytes += event->text().size();
        if (event->state() != TaskState::kUnspecified) state = event->state();
    }
    EXPECT_EQ(bytes, 2'000'000U);
    EXPECT_EQ(state, TaskState::kCompleted);
    EXPECT_EQ(stream.resumptions(), 0);
}

TEST_F(GrpcClientTest, AStreamThatIsCutAgainAndAgainLosesNothing) {
    start(test_options(std::make_shared<TalkingAgent>()));
    for (const std::string version : {"1.0", "0.3"}) {
        SCOPED_TRACE(version);
        const std::string server = address();
        const auto port =
            static_cast<std::uint16_t>(std::stoi(server.substr(server.find(':') + 1)));
        CuttingProxy proxy(port, [](std::string_view, int cuts) {
            return std::size_t{300} + 400 * static_cast<std::size_t>(cuts);
        });
        const AgentCard card =
            test_support::moved_to(fetch_card(server_->url()).card, server, proxy.url().substr(7));
        ClientOptions options = over_grpc(version);
        options.retry.repeat_lost_sends = true;  // the first cuts are before the first event
        options.retry.attempts = 20;
        Client client(card, options);
        std::string expected;
        for (int i = 0; i < 200; ++i) expected += std::to_string(i) + " ";
        EXPECT_EQ(client.stream_text("count"), expected);
        EXPECT_GE(proxy.cuts(), 3);
    }
}

class GrpcClientTlsTest : public GrpcClientTest {
protected:
    void SetUp() override {
        const std::string make =
            std::string("python3 -B ") + A2AKIT_CERTIFICATES_SCRIPT + " " + directory_.path();
        ASSERT_EQ(std::system(make.c_str()), 0);
        ServerOptions options = test_options(std::make_shared<TestAgent>());
        options.settings.tls_cert = directory_.file("server.pem");
        options.settings.tls_key = directory_.file("server.key");
        options.settings.tls_client_ca = directory_.file("ca.pem");
        start(std::move(options));
    }
    [[nodiscard]] ClientOptions as(const std::string& holder, const std::string& binding) const {
        ClientOptions options = over_grpc();
        options.bindings = {binding};
        options.retry.attempts = 1;
        options.ca_file = directory_.file("ca.pem");
        if (!holder.empty()) {
            options.client_certificate_file = directory_.file(holder + ".pem");
            options.client_key_file = directory_.file(holder + ".key");
        }
        // The certificate, as any credential, goes to the origins that it was given for.
        options.credential_origins = {"https://" + address(options)};
        return options;
    }
    test_support::TemporaryDirectory directory_;
};

TEST_F(GrpcClientTlsTest, ACertificateOfTheClientIsItsNameInEveryBinding) {
    for (const std::string binding : {"GRPC", "JSONRPC", "HTTP+JSON"}) {
        SCOPED_TRACE(binding);
        Client alice = connect(as("alice", binding));
        EXPECT_THAT(alice.interface().url, HasSubstr("https://"));
        const std::string task = alice.send("hi").task_id();
        EXPECT_EQ(alice.get_task(task).id, task);
        EXPECT_EQ(alice.stream_text("words").substr(0, 13), "one two three");
        Client bob = connect(as("bob", binding));
        EXPECT_EQ(code_of([&] { (void)bob.get_task(task); }), ErrorCode::kTaskNotFound);
    }
    EXPECT_EQ(code_of([&] { (void)connect(as("", "GRPC")); }), ErrorCode::kUnavailable);
    ClientOptions elsewhere = as("alice", "GRPC");
    elsewhere.credential_origins.clear();
    EXPECT_EQ(code_of([&] { (void)connect(elsewhere); }), ErrorCode::kPermissionDenied);
}

TEST_F(GrpcClientTlsTest, AServerWhoseCertificateNobodyTrustsGetsNothing) {
    const AgentCard card = connect(as("alice", "GRPC")).card();
    ClientOptions options = as("alice", "GRPC");
    options.ca_file.clear();
    Client client(card, options);
    EXPECT_EQ(code_of([&] { (void)client.send("hi"); }), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace a2akit
