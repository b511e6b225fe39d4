// The client library against a server of ours, over real sockets.

#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace a2akit {
namespace {

using test_support::TemporaryDirectory;
using test_support::test_options;
using test_support::TestAgent;
using ::testing::HasSubstr;

constexpr int kChunks = 197;  // with the task, its states and its end: 200 events

/// Emits kChunks numbers, one per event.
class CountingAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        for (int i = 0; i < kChunks; ++i) {
            co_await ctx.emit_text_artifact(std::to_string(i) + " ", "count", true);
            co_await yield();
        }
        co_await ctx.complete();
    }
};

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the proxy can't reach the server");
    return socket;
}

/// Passes bytes on to a server and back, and cuts every connection after its first server-sent
/// event: exactly behind it, or some bytes later in the middle of the next one.
class CuttingProxy {
public:
    explicit CuttingProxy(std::uint16_t server)
        : server_(server), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error("the proxy can't listen");
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept(); });
    }
    ~CuttingProxy() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
    }
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int cuts() const { return cuts_; }

private:
    /// One connection after the other: the client makes no two at a time.
    void accept() {
        for (;;) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            const int server = connect_to(server_);
            relay(client, server);
            ::close(server);
            ::close(client);
        }
    }
    void relay(int client, int server) {
        std::string stream;
        std::array<pollfd, 2> watched{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        while (::poll(watched.data(), watched.size(), -1) > 0) {
            std::array<char, 4096> bytes{};
            if (watched[0].revents != 0) {
                const ssize_t size = ::read(client, bytes.data(), bytes.size());
                if (size <= 0 || ::send(server, bytes.data(), size, MSG_NOSIGNAL) != size) return;
            }
            if (watched[1].revents != 0) {
                const ssize_t size = ::read(server, bytes.data(), bytes.size());
                if (size <= 0) return;
                if (!pass_on(client, {bytes.data(), static_cast<std::size_t>(size)}, stream))
                    return;
            }
        }
    }
    /// False when the connection is to be cut. `stream`: what was passed on before.
    bool pass_on(int client, std::string_view bytes, std::string& stream) {
        const std::size_t before = stream.size();
        stream += bytes;
        const std::size_t data = stream.find("\ndata:");
        const std::size_t end = data == std::string::npos ? data : stream.find("\n\n", data);
        if (end == std::string::npos)
            return ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
        const std::size_t extra = static_cast<std::size_t>(cuts_++ % 5) * 17;
        const std::size_t until = std::min(stream.size(), end + 2 + extra);
        (void)!::send(client, stream.data() + before, until - before, MSG_NOSIGNAL);
        return false;
    }

    const std::uint16_t server_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> cuts_ = 0;
    std::thread acceptor_;
};

ClientOptions with_binding(const std::string& binding, const std::string& version = "1.0") {
    ClientOptions options;
    options.bindings = {binding};
    options.versions = {version};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(20);
    return options;
}

/// An agent's card whose interfaces are at another address.
AgentCard moved_to(AgentCard card, const std::string& from, const std::string& to) {
    for (AgentInterface& interface : card.supported_interfaces) {
        if (interface.url.starts_with(from)) interface.url.replace(0, from.size(), to);
    }
    return card;
}

class CutStreamTest : public ::testing::TestWithParam<const char*> {
protected:
    void expect_each_event_once(const std::string& binding, const std::string& version) {
        SCOPED_TRACE(binding + " " + version);
        CuttingProxy proxy(server_.port());
        const AgentCard card = moved_to(fetch_card(server_.url()).card, server_.url(), proxy.url());
        Client client(card, with_binding(binding, version));
        std::string text;
        std::set<std::string> ids;
        int events = 0;
        bool ended = false;
        ClientStream stream = client.stream("count");
        for (const StreamEvent& event : stream) {
            ++events;
            EXPECT_FALSE(event.after_gap) << events;
            EXPECT_TRUE(ids.insert(event.id).second) << "twice: " << event.id;
            EXPECT_FALSE(ended);
            ended = event.is_final();
            text += event.text();
        }
        std::string expected;
        for (int i = 0; i < kChunks; ++i) expected += std::to_string(i) + " ";
        EXPECT_EQ(text, expected);
        EXPECT_TRUE(ended);
        EXPECT_EQ(events, 200);
        EXPECT_GE(stream.resumptions(), 198) << "the stream was cut at each event";
    }

    TemporaryDirectory directory_;
    Server server_{[this] {
        ServerOptions options = test_options(std::make_shared<CountingAgent>());
        if (std::string(GetParam()) == "sqlite")
            options.settings.storage = "sqlite:" + directory_.file("a2akit.db");
        return options;
    }()};
};

TEST_P(CutStreamTest, DeliversEachEventOnceAndInOrder) {
    const auto started = server_.start();
    ASSERT_TRUE(started) << started.error().message;
    expect_each_event_once("JSONRPC", "1.0");
    expect_each_event_once("HTTP+JSON", "1.0");
    expect_each_event_once("JSONRPC", "0.3");
    expect_each_event_once("HTTP+JSON", "0.3");
}

INSTANTIATE_TEST_SUITE_P(Storages, CutStreamTest, ::testing::Values("memory", "sqlite"));

/// Every operation, in each version and binding.
class OperationsTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
protected:
    void SetUp() override {
        const auto started = server_.start();
        ASSERT_TRUE(started) << started.error().message;
    }
    [[nodiscard]] Client connect() const {
        return Client::connect(server_.url(), with_binding(GetParam().first, GetParam().second));
    }
    [[nodiscard]] bool is_1_0() const { return std::string(GetParam().second) == "1.0"; }

    Server server_{test_options(std::make_shared<TestAgent>())};
};

TEST_P(OperationsTest, SendsReadsAndListsTasks) {
    Client client = connect();
    const SendResult result = client.send("hi");
    EXPECT_EQ(result.text(), "Echo: hi");
    EXPECT_EQ(result.state(), TaskState::kCompleted);
    EXPECT_EQ(client.get_task(result.task_id()).id, result.task_id());
    if (!is_1_0()) {
        EXPECT_THROW((void)client.list_tasks(), Exception) << "0.3 has no such operation";
        return;
    }
    (void)client.send("again");
    int count = 0;
    TaskList tasks = client.tasks({.page_size = 1});
    for (const Task& task : tasks) count += task.id.empty() ? 0 : 1;
    EXPECT_EQ(count, 2);
}

TEST_P(OperationsTest, AnswersAQuestion) {
    Client client = connect();
    const SendResult asked = client.send("ask");
    EXPECT_EQ(asked.state(), TaskState::kInputRequired);
    EXPECT_EQ(asked.text(), "Which one?");
    Message reply = user_message("this one");
    reply.task_id = asked.task_id();
    reply.context_id = asked.context_id();
    const SendResult answered = client.send(std::move(reply));
    EXPECT_EQ(answered.task_id(), asked.task_id());
    EXPECT_EQ(answered.state(), TaskState::kCompleted);
}

TEST_P(OperationsTest, StreamsAndCancels) {
    Client client = connect();
    EXPECT_THAT(client.stream_text("words"), HasSubstr("one two three"));
    ClientStream stream = client.stream("wait");
    const auto first = stream.next();
    ASSERT_TRUE(first && first->task() != nullptr);
    const std::string id = first->task()->id;
    ClientStream watched = client.subscribe(id);
    (void)client.cancel(id);
    TaskState last = TaskState::kUnspecified;
    while (const auto event = watched.next()) {
        if (event->state() != TaskState::kUnspecified) last = event->state();
    }
    EXPECT_EQ(last, TaskState::kCanceled);
}

TEST_P(OperationsTest, ErrorsHaveTheirCodesInEveryDialect) {
    Client client = connect();
    const auto code_of = [](const std::function<void()>& call) {
        try {
            call();
        } catch (const Exception& exception) {
            return exception.code();
        }
        return ErrorCode::kStopped;
    };
    EXPECT_EQ(code_of([&] { (void)client.get_task("none"); }), ErrorCode::kTaskNotFound);
    EXPECT_EQ(code_of([&] { (void)client.subscribe("none").next(); }), ErrorCode::kTaskNotFound);
    const std::string done = client.send("hi").task_id();
    EXPECT_EQ(code_of([&] { (void)client.cancel(done); }), ErrorCode::kTaskNotCancelable);
}

INSTANTIATE_TEST_SUITE_P(Dialects, OperationsTest,
                         ::testing::Values(std::pair("JSONRPC", "1.0"),
                                           std::pair("HTTP+JSON", "1.0"),
                                           std::pair("JSONRPC", "0.3"),
                                           std::pair("HTTP+JSON", "0.3")));

}  // namespace
}  // namespace a2akit
