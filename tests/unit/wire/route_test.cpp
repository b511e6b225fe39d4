#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;

struct OperationPath {
    std::string method;
    std::string path;  ///< Below any prefix.
    Operation operation;
    std::string id;
    std::string config_id;
};

const std::vector<OperationPath> kOperationPaths{
    {"POST", "/message:send", Operation::kSendMessage, "", ""},
    {"POST", "/message%3Asend", Operation::kSendMessage, "", ""},
    {"POST", "/message:stream", Operation::kSendStreamingMessage, "", ""},
    {"POST", "/message%3astream", Operation::kSendStreamingMessage, "", ""},
    {"GET", "/tasks", Operation::kListTasks, "", ""},
    {"HEAD", "/tasks", Operation::kListTasks, "", ""},
    {"GET", "/tasks/t-1", Operation::kGetTask, "t-1", ""},
    {"HEAD", "/tasks/t-1", Operation::kGetTask, "t-1", ""},
    {"GET", "/tasks/a:b", Operation::kGetTask, "a:b", ""},
    {"GET", "/tasks/a%2Fb%20c", Operation::kGetTask, "a/b c", ""},
    {"GET", "/tasks/caf%C3%A9", Operation::kGetTask, "caf\xC3\xA9", ""},
    {"POST", "/tasks/t-1:cancel", Operation::kCancelTask, "t-1", ""},
    {"POST", "/tasks/t-1%3Acancel", Operation::kCancelTask, "t-1", ""},
    {"GET", "/tasks/t-1:subscribe", Operation::kSubscribeToTask, "t-1", ""},
    {"POST", "/tasks/t-1:subscribe", Operation::kSubscribeToTask, "t-1", ""},
    {"POST", "/tasks/t-1/pushNotificationConfigs", Operation::kCreateTaskPushNotificationConfig,
     "t-1", ""},
    {"GET", "/tasks/t-1/pushNotificationConfigs", Operation::kListTaskPushNotificationConfigs,
     "t-1", ""},
    {"HEAD", "/tasks/t-1/pushNotificationConfigs", Operation::kListTaskPushNotificationConfigs,
     "t-1", ""},
    {"GET", "/tasks/t-1/pushNotificationConfigs/c-2", Operation::kGetTaskPushNotificationConfig,
     "t-1", "c-2"},
    {"HEAD", "/tasks/t-1/pushNotificationConfigs/c-2", Operation::kGetTaskPushNotificationConfig,
     "t-1", "c-2"},
    {"DELETE", "/tasks/t-1/pushNotificationConfigs/c-2",
     Operation::kDeleteTaskPushNotificationConfig, "t-1", "c-2"},
    {"GET", "/extendedAgentCard", Operation::kGetExtendedAgentCard, "", ""},
    {"HEAD", "/extendedAgentCard", Operation::kGetExtendedAgentCard, "", ""},
};

Route route_of(const std::string& method, const std::string& target) {
    TestRequest request{
        method, target, {{"content-type", "application/json"}, {"a2a-version", "1.0"}}};
    auto routed = request.routed();
    if (auto* refused = std::get_if<HttpResponse>(&routed)) {
        ADD_FAILURE() << method << ' ' << target << ": " << refused->status << ' ' << refused->body;
        return {};
    }
    return std::get<Route>(std::move(routed));
}

TEST(Routes, EveryOperationIsFoundUnderEveryPrefixAndWithATrailingSlash) {
    for (const auto& [prefix, tenant] : std::vector<std::pair<std::string, std::string>>{
             {"", ""}, {"/acme", "acme"}, {"/v1", ""}, {"/v1/acme", "acme"}, {"/a%20b", "a b"}}) {
        for (const OperationPath& path : kOperationPaths) {
            for (const std::string end : {"", "/", "?pageSize=7", "/?pageSize=7"}) {
                SCOPED_TRACE(path.method + ' ' + prefix + path.path + end);
                const Route found = route_of(path.method, prefix + path.path + end);
                EXPECT_EQ(found.kind, RouteKind::kOperation);
                EXPECT_EQ(found.operation, path.operation);
                EXPECT_EQ(found.tenant, tenant);
                EXPECT_EQ(found.id, path.id);
                EXPECT_EQ(found.config_id, path.config_id);
                EXPECT_EQ(found.under_v1, prefix.starts_with("/v1"));
                EXPECT_EQ(found.query, end.find('?') == std::string::npos ? "" : "pageSize=7");
            }
        }
    }
}

TEST(Routes, JsonRpcIsAtTheRootWithOrWithoutASlash) {
    for (const std::string target :
         {"/", "", "/?a=b", "?a=b", "http://agent.example", "http://agent.example/"}) {
        EXPECT_EQ(route_of("POST", target).kind, RouteKind::kJsonRpc) << target;
    }
}

/// A table as a site has it.
Resources some_resources() {
    return {{.method = "GET", .path = "/health"},
            {.method = "GET", .path = "/health/ready", .at_root = true},
            {.method = "GET", .path = "/admin/letters"},
            {.method = "POST", .path = "/admin/letters"},
            {.method = "POST", .path = "/admin/letters/{id}:redrive"}};
}

TEST(Resources, ARequestFindsTheLineOfItsPathAndMethod) {
    const Resources table = some_resources();
    for (const auto& [method, target, line] :
         std::vector<std::tuple<std::string, std::string, int>>{
             {"GET", "/health", 0},
             {"HEAD", "/health", 0},
             {"GET", "/health/?a=b", 0},
             {"GET", "/he%61lth", 0},
             {"HEAD", "/health/ready", 1},
             {"GET", "/admin/letters?limit=1", 2},
             {"POST", "/admin/letters", 3},
             {"POST", "/admin/letters/a%3Ab:redrive", 4}}) {
        TestRequest request{.method = method, .target = target, .resources = table};
        const auto routed = request.routed();
        const auto* found = std::get_if<Route>(&routed);
        ASSERT_NE(found, nullptr) << method << ' ' << target;
        EXPECT_EQ(found->kind, RouteKind::kResource) << target;
        EXPECT_EQ(found->resource, &request.resources.at(line)) << method << ' ' << target;
        EXPECT_EQ(found->id, line == 4 ? "a:b" : "") << target;
        EXPECT_EQ(found->query,
                  target.find('?') == std::string::npos ? "" : target.substr(target.find('?') + 1));
    }
}

TEST(Resources, AnotherMethodIsToldThoseOfEveryLineWithThePath) {
    TestRequest wrong{
        .method = "DELETE", .target = "/admin/letters", .resources = some_resources()};
    const HttpResponse refused = wrong.refusal();
    EXPECT_EQ(refused.status, 405);
    const std::vector<std::pair<std::string, std::string>> allow{
        {"Allow", "GET, HEAD, POST, OPTIONS"}};
    EXPECT_EQ(refused.headers, allow);
    wrong.method = "OPTIONS";
    EXPECT_EQ(wrong.refusal().status, 204);
}

TEST(Resources, APathThatOnlyResemblesOneIsNotFound) {
    for (const char* target :
         {"/admin/letters/:redrive", "/admin/letters/x", "/admin/letters/x:redrive/y", "/admin",
          "/healthy", "/health/ready/now"}) {
        TestRequest request{.method = "POST", .target = target, .resources = some_resources()};
        EXPECT_EQ(request.refusal().status, 404) << target;
    }
}

TEST(Resources, AreFoundByTheirPathAlone) {
    const Resources table = some_resources();
    EXPECT_EQ(find_resource(table, "/health/ready?x"), &table.at(1));
    EXPECT_EQ(find_resource(table, "/tasks/health"), nullptr);
    EXPECT_EQ(find_resource(table, "/admin/letters/x:redrive"), nullptr);
}

TEST(Routes, AnUnknownPathIsNotFound) {
    for (const std::string target : {"/nope",
                                     "/v1",
                                     "/v1/",
                                     "/acme",
                                     "/tasks/t/nope",
                                     "/tasks/:cancel",
                                     "//tasks",
                                     "/tasks//x",
                                     "/acme/corp/tasks",
                                     "/message:nope",
                                     "/message:send/x",
                                     "/tasks/t/pushNotificationConfigs/c/x",
                                     "/a/b/c/d/e/f/g/h/i/j/k/l",
                                     "/.well-known",
                                     "/.well-known/other.json",
                                     "/health/other",
                                     "/v1/v1/tasks/t",
                                     "tasks",
                                     "/extendedAgentCard/x",
                                     "/V1/tasks/t/x"}) {
        for (const std::string method : {"GET", "POST"}) {
            TestRequest request{
                method, target, {{"a2a-version", "1.0"}, {"content-type", "application/json"}}};
            const HttpResponse response = request.refusal();
            EXPECT_EQ(response.status, 404) << method << ' ' << target;
            EXPECT_THAT(response.body, HasSubstr(R"("status":"NOT_FOUND")")) << target;
        }
    }
}

TEST(Routes, ThePathThatOnlyVersion03HasIsUnknownToThisVersion) {
    TestRequest request{"GET", "/v1/card", {{"a2a-version", "1.0"}}};
    EXPECT_EQ(request.refusal().status, 404);
}

TEST(Routes, ReservedNamesAreNeverTenants) {
    for (const std::string name :
         {".", "..", "%2e%2E", "tasks", "health", "chat", ".well-known", "v1/v1", "message:send"}) {
        EXPECT_EQ(get("/" + name + "/tasks/t").refusal().status, 404) << name;
    }
    EXPECT_EQ(route_of("GET", "/v1/tasks/t").tenant, "");
}

TEST(Routes, AWrongMethodIsToldWhichAreRight) {
    for (const auto& [method, target, allow] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {"GET", "/", "POST, OPTIONS"},
             {"GET", "/message:send", "POST, OPTIONS"},
             {"PUT", "/message:stream", "POST, OPTIONS"},
             {"POST", "/tasks", "GET, HEAD, OPTIONS"},
             {"DELETE", "/tasks/t", "GET, HEAD, OPTIONS"},
             {"GET", "/tasks/t:cancel", "POST, OPTIONS"},
             {"PUT", "/tasks/t:subscribe", "GET, POST, OPTIONS"},
             {"HEAD", "/tasks/t:subscribe", "GET, POST, OPTIONS"},
             {"PUT", "/tasks/t/pushNotificationConfigs", "GET, HEAD, POST, OPTIONS"},
             {"POST", "/tasks/t/pushNotificationConfigs/c", "GET, HEAD, DELETE, OPTIONS"}}) {
        TestRequest request{method, target};
        const HttpResponse response = request.refusal();
        EXPECT_EQ(response.status, 405) << method << ' ' << target;
        EXPECT_EQ(header(response, "Allow"), allow);
    }
}

TEST(Routes, AWrongMethodOnJsonRpcIsAnsweredAsJsonRpc) {
    EXPECT_EQ(get("/").refusal().body,
              R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,)"
              R"("message":"this path does not take GET but POST, OPTIONS"}})");
}

TEST(Routes, OptionsNamesTheMethods) {
    TestRequest request{"OPTIONS", "/tasks/t:subscribe"};
    const HttpResponse response = request.refusal();
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(header(response, "Allow"), "GET, POST, OPTIONS");
    EXPECT_EQ(response.body, "");
    TestRequest any{"OPTIONS", "*"};
    EXPECT_EQ(any.refusal().status, 204);
}

TEST(Routes, AMalformedPathIsABadRequest) {
    for (const std::string target :
         {"/tasks/%zz", "/tasks/%4", "/tasks/%", "/tasks/%00", "/tasks/%ff", "/%C3/tasks"}) {
        EXPECT_EQ(get(target).refusal().status, 400) << target;
    }
}

TEST(Routes, ABodyThatIsAnnouncedTooLargeIsRefusedBeforeItComes) {
    for (const std::string target : {"/", "/message:send"}) {
        TestRequest request{"POST",
                            target,
                            {{"content-type", "application/json"},
                             {"content-length", "1001"},
                             {"a2a-version", "1.0"}}};
        auto routed = request.routed(1000);
        ASSERT_TRUE(std::holds_alternative<HttpResponse>(routed));
        EXPECT_EQ(std::get<HttpResponse>(routed).status, 413);
        EXPECT_THAT(std::get<HttpResponse>(routed).body, HasSubstr("larger than 1000 bytes"));
        request.headers[1].second = "99999999999999999999999999";
        EXPECT_EQ(std::get<HttpResponse>(request.routed(1000)).status, 413);
        request.headers[1].second = "1000";
        EXPECT_TRUE(std::holds_alternative<Route>(request.routed(1000)));
    }
}

}  // namespace
}  // namespace a2akit::wire
