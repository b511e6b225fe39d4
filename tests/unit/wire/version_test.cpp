#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;

TestRequest with_version(TestRequest request, const std::string& version) {
    if (version != "none") request.headers.emplace_back("a2a-version", version);
    return request;
}

bool accepted(TestRequest request) { return std::holds_alternative<Decoded>(request.decoded()); }

TEST(Version, ThisVersionIsServedWhateverItsPatchNumber) {
    for (const std::string version : {"1.0", " 1.0 ", "1.0.0", "1.0.17"}) {
        EXPECT_TRUE(accepted(with_version(get("/tasks/t"), version))) << version;
        EXPECT_TRUE(accepted(with_version(get("/v1/tasks/t"), version))) << version;
        EXPECT_TRUE(accepted(with_version(rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})"), version)));
    }
}

TEST(Version, OthersAreRefusedAndTheSupportedOneIsNamed) {
    for (const std::string version : {"0.3", "0.3.0", "2.0", "1", "1.1", "1.00", "v1.0", "1.0.", "1.0.x", "x"}) {
        const HttpResponse response = with_version(get("/tasks/t"), version).refusal();
        EXPECT_EQ(response.status, 400) << version;
        EXPECT_THAT(response.body, HasSubstr("VERSION_NOT_SUPPORTED"));
        EXPECT_THAT(response.body, HasSubstr(R"("supportedVersions":"1.0")"));
        const HttpResponse answer =
            with_version(rpc(R"({"jsonrpc":"2.0","id":"a","method":"ListTasks"})"), version).refusal();
        EXPECT_EQ(answer.status, 200);
        EXPECT_THAT(answer.body, HasSubstr(R"("id":"a","error":{"code":-32009)")) << version;
    }
}

TEST(Version, AVersionThatIsNotUtf8IsQuotedWithoutItsBytes) {
    const HttpResponse response = with_version(get("/tasks/t"), "1.0\xd9").refusal();
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr("protocol version 1.0? is not supported"));
}

TEST(Version, NoVersionOnAPathThatOnlyThisVersionHasIsReadAsThisVersion) {
    EXPECT_TRUE(accepted(get("/tasks/t")));
    EXPECT_TRUE(accepted(with_version(get("/tasks/t"), "")));
    EXPECT_TRUE(accepted(get("/acme/tasks/t")));
    EXPECT_TRUE(accepted(get("/v1/acme/tasks/t")));
    EXPECT_TRUE(accepted(get("/v1/extendedAgentCard")));
    EXPECT_TRUE(accepted(rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})")));
}

TEST(Version, NoVersionWhereVersion03HasTheSamePathMeans03) {
    const std::string send = R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}})";
    for (TestRequest request :
         {post("/v1/message:send", send), post("/v1/message:stream", send), get("/v1/tasks/t"), get("/v1/tasks"),
          post("/v1/tasks/t:cancel", ""), post("/v1/tasks/t:subscribe", ""),
          post("/v1/tasks/t/pushNotificationConfigs", R"({"url":"http://x"})"),
          get("/v1/tasks/t/pushNotificationConfigs"), get("/v1/tasks/t/pushNotificationConfigs/c"), get("/v1/card"),
          TestRequest{"DELETE", "/v1/tasks/t/pushNotificationConfigs/c"}}) {
        for (const std::string version : {"none", ""}) {
            const HttpResponse response = with_version(request, version).refusal();
            EXPECT_EQ(response.status, 400) << request.target;
            EXPECT_THAT(response.body, HasSubstr("VERSION_NOT_SUPPORTED")) << request.target;
            EXPECT_THAT(response.body, HasSubstr(R"("requestedVersion":"0.3")"));
        }
        if (request.target != "/v1/card") {
            EXPECT_TRUE(accepted(with_version(request, "1.0"))) << request.target;
        }
    }
}

TEST(Version, AMethodOf03NeedsAVersionThatHasIt) {
    for (const std::string method :
         {"message/send", "message/stream", "tasks/get", "tasks/list", "tasks/cancel", "tasks/resubscribe",
          "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/list",
          "tasks/pushNotificationConfig/delete", "agent/getAuthenticatedExtendedCard"}) {
        const std::string body = R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{}})";
        EXPECT_THAT(rpc(body).refusal().body, HasSubstr("-32009")) << method;
        EXPECT_THAT(with_version(rpc(body), "1.0").refusal().body, HasSubstr("-32601")) << method;
    }
}

TEST(Version, TheQueryMayNameItAndTheHeaderWins) {
    EXPECT_TRUE(accepted(get("/v1/tasks/t?A2A-Version=1.0")));
    EXPECT_TRUE(accepted(get("/v1/tasks/t?x=y&a2a-version=1%2E0")));
    EXPECT_FALSE(accepted(get("/tasks/t?A2A-Version=0.3")));
    EXPECT_TRUE(accepted(with_version(get("/v1/tasks/t?A2A-Version=0.3"), "1.0")));
    TestRequest request = rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})");
    request.target = "/?A2A-Version=9.9";
    EXPECT_FALSE(accepted(request));
}

}  // namespace
}  // namespace a2akit::wire
