#include "client/http_client.hpp"
#include "fake_agent.hpp"

#include <a2akit/client/client.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace a2akit::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTask =
    R"({"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"},)"
    R"("artifacts":[{"artifactId":"a","parts":[{"text":"Echo: hi"},{"data":{"n":1}}]}]})";

/// An agent that serves its card, and answers everything else with `status` and `body`.
class Agent {
public:
    Agent(std::string binding, std::string body, std::string status = "200 OK",
          std::string tenant = {})
        : fake([=, this](const std::string& request) {
              if (request.starts_with("GET /.well-known/")) {
                  return http_answer("200 OK", "application/json", fake.card(binding, tenant));
              }
              return http_answer(status, "application/json", body);
          }) {}
    FakeAgent fake;
};

ErrorCode code_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.code();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorCode::kInternal;
}

std::string rpc_result(const std::string& result) {
    return R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}";
}

TEST(ClientTest, SendsOverJsonRpcWhatTheSpecificationAsksFor) {
    Agent agent("JSONRPC", rpc_result(R"({"task":)" + std::string(kTask) + "}"), "200 OK", "acme");
    Client client = Client::connect(agent.fake.url());
    const SendResult result = client.send("hi");
    EXPECT_EQ(result.task_id(), "t1");
    EXPECT_EQ(result.context_id(), "c1");
    EXPECT_EQ(result.text(), "Echo: hi");
    EXPECT_EQ(result.data().text(), R"({"n":1})");
    EXPECT_TRUE(result.is_terminal());
    EXPECT_EQ(result.message(), nullptr);
    const std::string request = agent.fake.request(1);
    EXPECT_THAT(request, HasSubstr("POST / HTTP/1.1\r\n"));
    EXPECT_THAT(request, HasSubstr("A2A-Version: 1.0\r\n"));
    EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
    EXPECT_THAT(request, HasSubstr("Idempotency-Key: "));
    EXPECT_THAT(request, HasSubstr(R"("params":{"tenant":"acme","message":{"messageId":")"));
    EXPECT_THAT(request, HasSubstr(R"("role":"ROLE_USER","parts":[{"text":"hi"}])"));
}

TEST(ClientTest, SendsOverHttpJson) {
    Agent agent("HTTP+JSON",
                R"({"message":{"messageId":"m","contextId":"c","role":"ROLE_AGENT","parts":[)"
                R"({"text":"Hello"}]}})");
    Client client = Client::connect(agent.fake.url());
    const SendResult result = client.send("hi", {.idempotency_key = "k1"});
    EXPECT_EQ(result.text(), "Hello");
    EXPECT_EQ(result.task(), nullptr);
    EXPECT_TRUE(result.is_terminal());
    const std::string request = agent.fake.request(1);
    EXPECT_THAT(request, HasSubstr("POST /message:send HTTP/1.1\r\n"));
    EXPECT_THAT(request, HasSubstr("Idempotency-Key: k1\r\n"));
}

TEST(ClientTest, ReadsAnAnswerThatWasKeptAliveByWhiteSpace) {
    const std::string result = R"({"task":)" + std::string(kTask) + "}";
    Agent rpc("JSONRPC", "   " + rpc_result(result));
    EXPECT_EQ(Client::connect(rpc.fake.url()).send("hi").text(), "Echo: hi");
    Agent rest("HTTP+JSON", "   " + result);
    EXPECT_EQ(Client::connect(rest.fake.url()).send("hi").text(), "Echo: hi");
}

TEST(ClientTest, GetsListsAndCancels) {
    Agent agent("HTTP+JSON", kTask);
    Client client = Client::connect(agent.fake.url());
    EXPECT_EQ(client.get_task("t1", 2).text(), "Echo: hi");
    EXPECT_EQ(client.cancel("t1").id, "t1");
    EXPECT_THAT(agent.fake.request(1), HasSubstr("GET /tasks/t1?historyLength=2 HTTP/1.1"));
    EXPECT_THAT(agent.fake.request(2), HasSubstr("POST /tasks/t1:cancel HTTP/1.1"));

    Agent lists("JSONRPC", rpc_result(R"({"tasks":[)" + std::string(kTask) +
                                      R"(],"nextPageToken":"p","pageSize":50,"totalSize":7})"));
    Client other = Client::connect(lists.fake.url());
    const ListTasksResponse page = other.list_tasks();
    EXPECT_EQ(page.tasks.size(), 1U);
    EXPECT_EQ(page.next_page_token, "p");
    EXPECT_EQ(page.total_size, 7);
}

TEST(ClientTest, SendsTheUsersHeadersInsteadOfItsOwn) {
    Agent agent("HTTP+JSON", kTask);
    ClientOptions options;
    options.bearer_token = "secret";
    options.extensions = {"urn:a", "urn:b"};
    options.headers = {{"X-Api-Key", "k"}, {"a2a-version", "1.1"}};
    Client client = Client::connect(agent.fake.url(), options);
    (void)client.get_task("t1");
    const std::string request = agent.fake.request(1);
    EXPECT_THAT(request, HasSubstr("Authorization: Bearer secret\r\n"));
    EXPECT_THAT(request, HasSubstr("A2A-Extensions: urn:a, urn:b\r\n"));
    EXPECT_THAT(request, HasSubstr("X-Api-Key: k\r\n"));
    EXPECT_THAT(request, HasSubstr("a2a-version: 1.1\r\n"));
    EXPECT_THAT(request, Not(HasSubstr("A2A-Version")));
}

TEST(ClientTest, SendsCredentialsToNoOriginButTheOneTheyWereGivenFor) {
    FakeAgent other(
        [](const std::string&) { return http_answer("200 OK", "application/json", kTask); });
    FakeAgent home([&](const std::string&) {
        return http_answer("200 OK", "application/json", other.card("HTTP+JSON"));
    });
    ClientOptions with_token;
    with_token.bearer_token = "secret";
    ClientOptions with_header;
    with_header.headers = {{"X-Api-Key", "secret"}};
    ClientOptions with_certificate;
    with_certificate.client_certificate_file = "client.pem";
    with_certificate.client_key_file = "client.key";
    for (ClientOptions options : {with_token, with_header, with_certificate}) {
        try {
            (void)Client::connect(home.url(), options);
            ADD_FAILURE() << "it would send them";
        } catch (const Exception& exception) {
            EXPECT_EQ(exception.code(), ErrorCode::kPermissionDenied);
            EXPECT_THAT(exception.what(), HasSubstr(other.url()));
            EXPECT_THAT(exception.what(), Not(HasSubstr("secret")));
        }
        options.credential_origins = {"https://agents.example", home.url()};
        EXPECT_EQ(code_of([&] { (void)Client::connect(home.url(), options); }),
                  ErrorCode::kPermissionDenied);
    }
    EXPECT_THROW((void)other.request(0), std::out_of_range) << "nothing was sent there";

    with_token.credential_origins = {other.url() + "/"};
    Client allowed = Client::connect(home.url(), with_token);
    (void)allowed.get_task("t1");
    EXPECT_THAT(other.request(0), HasSubstr("Authorization: Bearer secret\r\n"));
    Client anonymous = Client::connect(home.url());
    (void)anonymous.get_task("t1");
    EXPECT_THAT(other.request(1), Not(HasSubstr("Authorization")));
}

TEST(ClientTest, ACardAtHandNeedsTheOriginOfItsCredentials) {
    AgentCard card;
    card.supported_interfaces = {{"https://agents.example/a", "HTTP+JSON", {}, "1.0"}};
    ClientOptions options;
    options.bearer_token = "secret";
    EXPECT_EQ(code_of([&] { Client client(card, options); }), ErrorCode::kPermissionDenied);
    options.credential_origins = {"http://agents.example"};
    EXPECT_EQ(code_of([&] { Client client(card, options); }), ErrorCode::kPermissionDenied)
        << "https is not http";
    options.credential_origins = {"https://AGENTS.example:443/other/path"};
    EXPECT_NO_THROW(Client client(card, options));
}

TEST(ClientTest, AnOriginIsReadAsTheTransferReadsIt) {
    EXPECT_EQ(origin_of("https://Agents.Example/a?b"), "https://agents.example:443");
    EXPECT_EQ(origin_of("http://agents.example"), "http://agents.example:80");
    EXPECT_EQ(origin_of("https://agents.example@other.example/"), "https://other.example:443");
    EXPECT_EQ(origin_of("https://[::1]:8443/"), "https://[::1]:8443");
    EXPECT_EQ(origin_of("https://a b"), "");
    EXPECT_EQ(origin_of(""), "");
}

TEST(ClientTest, ThrowsTheAgentsErrorWithItsCode) {
    Agent rpc("JSONRPC",
              R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"no such task"}})");
    Client over_rpc = Client::connect(rpc.fake.url());
    EXPECT_EQ(code_of([&] { (void)over_rpc.get_task("t"); }), ErrorCode::kTaskNotFound);

    Agent rest(
        "HTTP+JSON",
        R"({"error":{"code":400,"status":"FAILED_PRECONDITION","message":"ended","details":[)"
        R"({"reason":"TASK_NOT_CANCELABLE","domain":"a2a-protocol.org"}]}})",
        "400 Bad Request");
    Client over_rest = Client::connect(rest.fake.url());
    EXPECT_EQ(code_of([&] { (void)over_rest.cancel("t"); }), ErrorCode::kTaskNotCancelable);
}

TEST(ClientTest, ThrowsAnUnreadableAnswer) {
    Agent agent("HTTP+JSON", "<html>");
    Client client = Client::connect(agent.fake.url());
    EXPECT_EQ(code_of([&] { (void)client.get_task("t"); }), ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(code_of([&] { (void)client.send("hi"); }), ErrorCode::kInvalidAgentResponse);
}

TEST(ClientTest, RefusesAnAnswerBeyondItsLimit) {
    Agent agent("HTTP+JSON", R"({"id":")" + std::string(20000, 'x') + R"("})");
    ClientOptions options;
    options.max_answer_bytes = 10000;
    Client client = Client::connect(agent.fake.url(), options);
    EXPECT_EQ(code_of([&] { (void)client.get_task("t"); }), ErrorCode::kInvalidAgentResponse);
}

TEST(ClientTest, SaysThatNobodyAnswers) {
    std::string url;
    {
        FakeAgent gone([](const std::string&) { return std::string(); });
        url = gone.url();
    }
    try {
        (void)Client::connect(url);
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kUnavailable);
        EXPECT_THAT(exception.what(), HasSubstr(url));
    }
}

TEST(ClientTest, SaysThatThereIsNoCard) {
    FakeAgent agent(
        [](const std::string&) { return http_answer("404 Not Found", "text/plain", "no"); });
    EXPECT_EQ(code_of([&] { (void)Client::connect(agent.url()); }),
              ErrorCode::kInvalidAgentResponse);
}

TEST(ClientTest, SpeaksOnlyHttp) {
    EXPECT_EQ(code_of([] { (void)Client::connect("file:///etc/hostname"); }),
              ErrorCode::kUnavailable);
}

TEST(ClientTest, FollowsNoRedirect) {
    FakeAgent agent([](const std::string&) {
        return std::string(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n");
    });
    EXPECT_EQ(code_of([&] { (void)Client::connect(agent.url()); }),
              ErrorCode::kInvalidAgentResponse);
}

/// An agent at one address whose card names several interfaces.
std::string card_of(const std::vector<AgentInterface>& interfaces) {
    std::string list;
    for (const AgentInterface& each : interfaces) {
        list += (list.empty() ? "" : ",") + std::string(R"({"url":")") + each.url +
                R"(","protocolBinding":")" + each.protocol_binding + R"(","protocolVersion":")" +
                each.protocol_version + R"("})";
    }
    return R"({"name":"Fake","supportedInterfaces":[)" + list + "]}";
}

TEST(ClientTest, GoesOnToTheNextInterfaceWhenOneDoesNotAnswer) {
    std::string gone;
    {
        FakeAgent agent([](const std::string&) { return std::string(); });
        gone = agent.url();
    }
    FakeAgent agent(
        [](const std::string&) { return http_answer("200 OK", "application/json", kTask); });
    Client client(
        parse_card(card_of({{gone, "JSONRPC", "", "1.0"}, {agent.url(), "HTTP+JSON", "", "1.0"}})));
    EXPECT_EQ(client.get_task("t1").id, "t1");
    EXPECT_EQ(client.interface().url, agent.url());
}

TEST(ClientTest, SpeaksAnOlderVersionWhenTheAgentDoesNotSupportTheFirst) {
    FakeAgent agent([](const std::string& request) {
        if (request.find("A2A-Version: 1.0") != std::string::npos) {
            return http_answer("200 OK", "application/json",
                               R"({"jsonrpc":"2.0","id":1,"error":{"code":-32009,"message":"?"}})");
        }
        return http_answer("200 OK", "application/json",
                           rpc_result(R"({"kind":"task","id":"t1","contextId":"c",)"
                                      R"("status":{"state":"input-required"}})"));
    });
    Client client(parse_card(
        card_of({{agent.url(), "JSONRPC", "", "1.0"}, {agent.url(), "JSONRPC", "", "0.3"}})));
    EXPECT_EQ(client.send("hi").state(), TaskState::kInputRequired);
    EXPECT_EQ(client.interface().protocol_version, "0.3");
    EXPECT_THAT(agent.request(1), HasSubstr(R"("method":"message/send")"));
    EXPECT_THAT(agent.request(1), HasSubstr(R"("kind":"text","text":"hi")"));
}

TEST(ClientTest, TakesTheUsersOrderOfBindingsWhenAskedTo) {
    ClientOptions options;
    options.bindings = {"HTTP+JSON", "JSONRPC"};
    const AgentCard card = parse_card(
        card_of({{"http://a", "JSONRPC", "", "1.0"}, {"http://b", "HTTP+JSON", "", "1.0"}}));
    EXPECT_EQ(Client(card, options).interface().url, "http://a");
    options.prefer_bindings_order = true;
    EXPECT_EQ(Client(card, options).interface().url, "http://b");
}

TEST(ClientTest, RepeatsACallThatWasRefusedForTheMoment) {
    int calls = 0;
    FakeAgent agent([&](const std::string&) {
        return ++calls < 3 ? http_answer("503 Service Unavailable", "text/plain", "")
                           : http_answer("200 OK", "application/json",
                                         R"({"task":)" + std::string(kTask) + "}");
    });
    ClientOptions options;
    options.retry.first_delay = Duration(1);
    Client client(parse_card(card_of({{agent.url(), "HTTP+JSON", "", "1.0"}})), options);
    EXPECT_EQ(client.send("hi").task_id(), "t1");
    const auto body = [&](std::size_t number) {
        const std::string request = agent.request(number);
        return request.substr(request.find("Idempotency-Key"));
    };
    EXPECT_EQ(body(0), body(2)) << "the same message under the same key";
}

TEST(ClientTest, DoesNotRepeatASendWhoseAnswerWasLost) {
    FakeAgent agent([](const std::string&) { return std::string(); });
    Client client(parse_card(card_of({{agent.url(), "HTTP+JSON", "", "1.0"}})));
    EXPECT_EQ(code_of([&] { (void)client.send("hi"); }), ErrorCode::kUnavailable);
    EXPECT_THROW((void)agent.request(1), std::out_of_range);
}

TEST(ClientTest, SaysWhenToTryAgain) {
    FakeAgent agent([](const std::string&) {
        return std::string(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n");
    });
    Client client(parse_card(card_of({{agent.url(), "HTTP+JSON", "", "1.0"}})));
    try {
        (void)client.get_task("t1");
        FAIL();
    } catch (const Exception& exception) {
        EXPECT_EQ(exception.code(), ErrorCode::kResourceExhausted);
        ASSERT_TRUE(exception.error().details);
        EXPECT_EQ(exception.error().details->retry_after, std::chrono::hours(1));
    }
    EXPECT_THROW((void)agent.request(1), std::out_of_range) << "an hour is too long to wait";
}

TEST(ClientTest, WalksThroughAllPagesOfAList) {
    FakeAgent agent([](const std::string& request) {
        const bool second = request.find("pageToken=p2") != std::string::npos;
        return http_answer("200 OK", "application/json",
                           second ? R"({"tasks":[{"id":"t3"}],"nextPageToken":""})"
                                  : R"({"tasks":[{"id":"t1"},{"id":"t2"}],"nextPageToken":"p2"})");
    });
    Client client(parse_card(card_of({{agent.url(), "HTTP+JSON", "", "1.0"}})));
    std::string ids;
    TaskList tasks = client.tasks();
    for (const Task& task : tasks) ids += task.id;
    EXPECT_EQ(ids, "t1t2t3");
}

TEST(ClientTest, AListThatNeverEndsIsAnError) {
    FakeAgent agent([](const std::string&) {
        return http_answer("200 OK", "application/json", R"({"tasks":[],"nextPageToken":"p"})");
    });
    Client client(parse_card(card_of({{agent.url(), "HTTP+JSON", "", "1.0"}})));
    EXPECT_EQ(code_of([&] {
                  TaskList tasks = client.tasks();
                  (void)tasks.next();
              }),
              ErrorCode::kInvalidAgentResponse);
}

/// Notes what it sees, and signs the requests.
class Notes final : public Interceptor {
public:
    AsyncResult<void> before(ClientRequest& request) override {
        request.headers.emplace_back("X-Signature", "of " + request.body);
        return Result<void>();
    }
    void after(const ClientRequest& request, int status, const Error*) override {
        seen.append(request.operation).append(" ").append(std::to_string(status)).append("\n");
    }
    void received(const ClientRequest&, std::string_view bytes) override { body += bytes; }
    std::string seen;
    std::string body;
};

TEST(ClientTest, InterceptorsSeeAndChangeEveryRequest) {
    Agent agent("HTTP+JSON", kTask);
    auto notes = std::make_shared<Notes>();
    Client client = Client::connect(agent.fake.url(), {.interceptors = {notes}});
    (void)client.get_task("t1");
    EXPECT_EQ(notes->seen, "AgentCard 200\nGetTask 200\n");
    EXPECT_THAT(agent.fake.request(1), HasSubstr("X-Signature: of \r\n"));
    EXPECT_THAT(notes->body, HasSubstr(kTask));
}

}  // namespace
}  // namespace a2akit::client
