#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <a2akit/protocol/json.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::TemporaryDirectory;

/// Answers with its name and the text that it was sent.
class NamedWorker final : public Worker {
public:
    explicit NamedWorker(std::string name) : name_(std::move(name)) {}
    Async<void> handle(TaskContext& ctx) override {
        co_await ctx.complete(name_ + ": " + std::string(ctx.user_text()));
    }

private:
    const std::string name_;
};

AgentOptions agent(const std::string& name) {
    AgentOptions options;
    options.name = name;
    options.worker = std::make_shared<NamedWorker>(name);
    options.card = {.name = "Agent " + name, .description = "Is called " + name, .version = "1"};
    return options;
}

ServerOptions server_of(std::vector<AgentOptions> agents) {
    ServerOptions options;
    options.agents = std::move(agents);
    options.settings.port = 0;
    options.settings.drain_timeout = std::chrono::milliseconds(50);
    return options;
}

std::string rpc_body(const std::string& text) {
    return R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":)" + send_body(text) + "}";
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// On every engine that needs no other server.
class AgentsTest : public ::testing::TestWithParam<const char*> {
protected:
    void start(ServerOptions options) {
        if (std::string(GetParam()) == "sqlite") options.settings.data_dir = directory_.path();
        server_ = std::make_unique<Server>(std::move(options));
        const Result<void> started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
        client_ = std::make_unique<HttpClient>(server_->port());
    }
    HttpClient::Response post(const std::string& path, const std::string& body) {
        return client_->exchange("POST", path, body);
    }
    HttpClient::Response get(const std::string& path) { return client_->exchange("GET", path); }

    TemporaryDirectory directory_;
    std::unique_ptr<Server> server_;
    std::unique_ptr<HttpClient> client_;
};
INSTANTIATE_TEST_SUITE_P(Engines, AgentsTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(AgentsTest, EachAgentAnswersUnderItsNameInBothBindings) {
    start(server_of({agent("alpha"), agent("beta")}));
    EXPECT_TRUE(contains(post("/alpha/message:send", send_body("hi")).body, "alpha: hi"));
    EXPECT_TRUE(contains(post("/beta/message:send", send_body("hi")).body, "beta: hi"));
    EXPECT_TRUE(contains(post("/alpha", rpc_body("hi")).body, "alpha: hi"));
    EXPECT_TRUE(contains(post("/beta/", rpc_body("hi")).body, "beta: hi"));
}

TEST_P(AgentsTest, AnAgentDoesNotSeeTheTasksOfAnother) {
    start(server_of({agent("alpha"), agent("beta")}));
    const std::string task = task_id_of(post("/alpha/message:send", send_body("hi")).body);
    EXPECT_EQ(get("/alpha/tasks/" + task).status, 200);
    EXPECT_EQ(get("/beta/tasks/" + task).status, 404);
    EXPECT_EQ(post("/beta/tasks/" + task + ":cancel", "{}").status, 404);
    EXPECT_TRUE(contains(get("/alpha/tasks").body, task));
    EXPECT_FALSE(contains(get("/beta/tasks").body, task));
}

TEST(AgentsMetadataTest, EachAgentSaysWhereItsCallersGetTheirTokens) {
    ServerOptions options = server_of({agent("alpha"), agent("beta")});
    options.settings.base_path = "/base";
    options.settings.jwt_issuer = "https://login.example";
    Server server(std::move(options));
    ASSERT_TRUE(server.start());
    HttpClient client(server.port());
    const std::string well_known = "/.well-known/oauth-protected-resource";
    for (const std::string name : {"alpha", "beta"}) {
        const std::string url = server.url() + "/" + name;
        for (const std::string& path :
             {well_known + "/base/" + name, "/base/" + name + well_known}) {
            const auto metadata = client.exchange("GET", path);
            EXPECT_EQ(metadata.status, 200) << path;
            EXPECT_TRUE(contains(metadata.body, "\"resource\":\"" + url + "\"")) << metadata.body;
        }
        const auto refused = client.exchange("GET", "/base/" + name + "/tasks");
        EXPECT_EQ(refused.status, 401);
        EXPECT_TRUE(contains(refused.header("www-authenticate"),
                             "resource_metadata=\"" + url + well_known + "\""))
            << refused.header("www-authenticate");
    }
    EXPECT_EQ(client.exchange("GET", "/base" + well_known).status, 404);
}

/// The first word of a message names its skill.
std::string skill_in(const RequestEnvelope& envelope) {
    const std::string text = std::get<SendMessageRequest>(envelope.params).message.text();
    return text.substr(0, text.find(' '));
}

/// A skill that needs a scope of the same name.
AgentSkill skill(const std::string& id) {
    AgentSkill made{.id = id, .name = id, .description = "Does " + id + "s.", .tags = {id}};
    made.security_requirements = {{{{"apiKey", {{id}}}}}};
    return made;
}

TEST(SkillsTest, ACallerNeedsTheScopesOfTheSkillThatItsMessageIsFor) {
    const TemporaryDirectory directory;
    const std::string keys = directory.path() + "/keys";
    std::ofstream(keys) << "painter painters-long-secret-key draw\n"
                           "guest guests-long-secret-key\n";
    AgentOptions choosing = agent("choosing");
    choosing.card.skills = {skill("draw"), skill("sum")};
    AgentOptions plain = choosing;
    plain.name = "plain";
    choosing.skill_of = skill_in;
    ServerOptions options = server_of({std::move(choosing), std::move(plain)});
    options.settings.api_keys_file = keys;
    Server server(std::move(options));
    const Result<void> started = server.start();
    ASSERT_TRUE(started) << started.error().message;
    HttpClient client(server.port());
    const auto ask = [&](const std::string& path, const std::string& body, const char* key) {
        return client.exchange(
            "POST", path, body,
            std::string("Content-Type: application/json\r\nX-API-Key: ") + key + "\r\n");
    };
    const char* const painter = "painters-long-secret-key";
    const char* const guest = "guests-long-secret-key";
    EXPECT_EQ(ask("/choosing/message:send", send_body("draw a cat"), painter).status, 200);
    EXPECT_EQ(ask("/choosing/message:stream", send_body("sum it"), painter).status, 403);
    const auto refused = ask("/choosing", rpc_body("sum it"), painter);
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_TRUE(contains(refused.header("www-authenticate"), "scope=\"sum\""))
        << refused.header("www-authenticate");
    // A message that may be for any skill needs the right to one.
    EXPECT_EQ(ask("/plain/message:send", send_body("sum it"), painter).status, 200);
    EXPECT_EQ(ask("/plain/message:send", send_body("sum it"), guest).status, 403);
    // Nothing else is for a skill.
    EXPECT_EQ(ask("/plain/tasks/none:cancel", "{}", guest).status, 404);
}

TEST(SkillsTest, ASingleAgentSaysWhichSkillAMessageIsForAsWell) {
    const TemporaryDirectory directory;
    const std::string keys = directory.path() + "/keys";
    std::ofstream(keys) << "painter painters-long-secret-key draw\n";
    ServerOptions options = test_support::test_options(std::make_shared<NamedWorker>("only"));
    options.card.skills = {skill("draw"), skill("sum")};
    options.skill_of = skill_in;
    options.settings.api_keys_file = keys;
    Server server(std::move(options));
    ASSERT_TRUE(server.start());
    HttpClient client(server.port());
    const std::string headers =
        "Content-Type: application/json\r\nX-API-Key: painters-long-secret-key\r\n";
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("draw it"), headers).status, 200);
    EXPECT_EQ(client.exchange("POST", "/message:send", send_body("sum it"), headers).status, 403);
}

class DurableAgentsTest : public AgentsTest {};
INSTANTIATE_TEST_SUITE_P(Engines, DurableAgentsTest, ::testing::Values("sqlite"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(DurableAgentsTest, TheTasksOfAnAgentAreFoundAgainAfterAStart) {
    start(server_of({agent("alpha"), agent("beta")}));
    const std::string task = task_id_of(post("/beta/message:send", send_body("hi")).body);
    server_->stop();
    client_.reset();
    start(server_of({agent("gamma"), agent("beta")}));
    EXPECT_EQ(get("/beta/tasks/" + task).status, 200);
    EXPECT_EQ(get("/gamma/tasks/" + task).status, 404);
}

TEST_P(AgentsTest, EachCardNamesTheAddressOfItsAgent) {
    ServerOptions options = server_of({agent("alpha"), agent("beta")});
    options.settings.base_path = "/agents";
    start(std::move(options));
    const auto card = get("/agents/beta/.well-known/agent-card.json");
    EXPECT_EQ(card.status, 200);
    EXPECT_TRUE(contains(card.body, "\"Agent beta\""));
    EXPECT_TRUE(contains(card.body, "\"" + server_->url() + "/beta/\"")) << card.body;
    EXPECT_TRUE(contains(server_->url(), "/agents"));
    EXPECT_EQ(get("/beta/.well-known/agent-card.json").status, 404);
}

TEST_P(AgentsTest, TheCatalogueListsTheAgents) {
    start(server_of({agent("alpha"), agent("beta")}));
    const auto catalog = get("/.well-known/ai-catalog.json");
    EXPECT_EQ(catalog.status, 200);
    EXPECT_EQ(catalog.header("content-type"), "application/ai-catalog+json");
    EXPECT_EQ(catalog.header("access-control-allow-origin"), "*");
    ASSERT_TRUE(parse_raw_json(catalog.body));
    EXPECT_TRUE(contains(catalog.body, R"("specVersion":"1.0")"));
    EXPECT_TRUE(contains(catalog.body, R"("identifier":"urn:air:127.0.0.1:agents:alpha")"));
    EXPECT_TRUE(contains(catalog.body,
                         "\"url\":\"" + server_->url() + "/beta/.well-known/agent-card.json\""));
    EXPECT_TRUE(contains(catalog.body, R"("type":"application/a2a-agent-card+json")"));
}

TEST_P(AgentsTest, AnyOriginMayReadTheCatalogueWhicheverMayCallTheAgents) {
    ServerOptions options = server_of({agent("alpha"), agent("beta")});
    options.settings.cors_origins = "https://app.example";
    start(std::move(options));
    const std::string origin = "Origin: https://app.example\r\n";
    const auto card = client_->exchange("GET", "/alpha/.well-known/agent-card.json", {}, origin);
    EXPECT_EQ(card.header("access-control-allow-origin"), "https://app.example");
    const auto catalog = client_->exchange("GET", "/.well-known/ai-catalog.json", {}, origin);
    EXPECT_EQ(catalog.header("access-control-allow-origin"), "*");
}

TEST_P(AgentsTest, ThePageAtTheRootListsTheAgents) {
    start(server_of({agent("alpha"), agent("beta")}));
    const auto page = get("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
    EXPECT_TRUE(contains(page.header("content-security-policy"), "default-src 'none'"));
    EXPECT_TRUE(contains(page.body, "<h2>Agent alpha</h2>")) << page.body;
    EXPECT_TRUE(contains(page.body, server_->url() + "/beta/.well-known/agent-card.json"));
    const auto head = client_->exchange("HEAD", "/");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.header("content-length"), std::to_string(page.body.size()));
    EXPECT_TRUE(contains(get("/alpha").body, "error")) << "an agent has no page";
}

TEST_P(AgentsTest, TheServerItselfIsNotAnAgent) {
    start(server_of({agent("alpha"), agent("beta")}));
    for (const char* path : {"/.well-known/agent-card.json", "/tasks", "/gamma/tasks", "/alphabet"})
        EXPECT_EQ(get(path).status, 404) << path;
    const auto sent = post("/message:send", send_body("hi"));
    EXPECT_EQ(sent.status, 404);
    EXPECT_TRUE(contains(sent.body, "ai-catalog.json")) << sent.body;
    EXPECT_EQ(post("/", rpc_body("hi")).status, 404);
}

TEST_P(AgentsTest, HealthIsServedForTheServerAndForEachAgent) {
    start(server_of({agent("alpha"), agent("beta")}));
    for (const char* path : {"/health", "/health/ready", "/alpha/health", "/beta/health/ready"})
        EXPECT_EQ(get(path).status, 200) << path;
}

TEST_P(AgentsTest, TheOperatorsPathsAreThoseOfTheServerOnly) {
    ServerOptions options = server_of({agent("alpha"), agent("beta")});
    options.settings.admin_token = "0123456789abcdef0123456789abcdef";
    start(std::move(options));
    EXPECT_EQ(get("/admin/dead-letters").status, 401);
    EXPECT_EQ(get("/alpha/admin/dead-letters").status, 404);
}

/// Adds its letter to what a request's handler can see.
class Stamp final : public Middleware {
public:
    explicit Stamp(std::string letter) : letter_(std::move(letter)) {}
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override {
        envelope.principal.name += letter_;
        return Result<void>();
    }

private:
    const std::string letter_;
};

class CallerWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        co_await ctx.complete("caller " + ctx.principal().name + ".");
    }
};

TEST_P(AgentsTest, TheServersMiddlewaresRunBeforeThoseOfTheAgent) {
    AgentOptions alpha = agent("alpha");
    alpha.worker = std::make_shared<CallerWorker>();
    alpha.middlewares = {std::make_shared<Stamp>("b")};
    AgentOptions beta = agent("beta");
    beta.worker = alpha.worker;
    ServerOptions options = server_of({alpha, beta});
    options.middlewares = {std::make_shared<Stamp>("a")};
    start(std::move(options));
    EXPECT_TRUE(contains(post("/alpha/message:send", send_body("hi")).body, "caller ab."));
    EXPECT_TRUE(contains(post("/beta/message:send", send_body("hi")).body, "caller a."));
}

/// The error with which a server of these agents does not start.
std::string refusal_of(ServerOptions options) {
    Server server(std::move(options));
    const Result<void> started = server.start();
    return started ? std::string("started") : started.error().message;
}

TEST(AgentsRefusedTest, ANameIsShortAndSafeInAPath) {
    for (const char* name : {"", "Alpha", "a/b", "-a", "a b", "..", "admin", "health", "v1"}) {
        const std::string message = refusal_of(server_of({agent("first"), agent(name)}));
        EXPECT_TRUE(contains(message, "agents[1].name")) << name << ": " << message;
    }
    EXPECT_TRUE(contains(refusal_of(server_of({agent(std::string(64, 'a'))})), "agents[0].name"));
}

TEST(AgentsRefusedTest, TwoAgentsDoNotShareAName) {
    const std::string message = refusal_of(server_of({agent("alpha"), agent("alpha")}));
    EXPECT_TRUE(contains(message, "agents[1].name: must be unique")) << message;
}

TEST(AgentsRefusedTest, AnErrorInACardNamesTheAgent) {
    AgentOptions broken = agent("beta");
    broken.card.version.clear();
    const std::string message = refusal_of(server_of({agent("alpha"), broken}));
    EXPECT_TRUE(contains(message, "agents[1].card.version")) << message;
    broken = agent("beta");
    broken.worker = nullptr;
    EXPECT_TRUE(contains(refusal_of(server_of({agent("alpha"), broken})), "agents[1].worker"));
}

TEST(AgentsRefusedTest, AServerOfSeveralAgentsHasNoWorkerOfItsOwn) {
    ServerOptions options = server_of({agent("alpha")});
    options.worker = std::make_shared<NamedWorker>("x");
    EXPECT_TRUE(contains(refusal_of(std::move(options)), "worker"));
}

TEST(AgentsRefusedTest, AServerOfOneAgentHasNoCatalogue) {
    Server server(test_support::test_options(std::make_shared<test_support::TestAgent>()));
    ASSERT_TRUE(server.start());
    HttpClient client(server.port());
    EXPECT_EQ(client.exchange("GET", "/.well-known/ai-catalog.json").status, 404);
}

}  // namespace
}  // namespace a2akit
