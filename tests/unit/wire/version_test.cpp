#include "unit/wire/wire_test.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr Versions kOnly10{.v1_0 = true, .v0_3 = false};
constexpr Versions kOnly03{.v1_0 = false, .v0_3 = true};
constexpr Versions kStrict{.v1_0 = true, .v0_3 = true, .strict = true};

TestRequest serving(TestRequest request, const Versions& versions) {
    request.served = versions;
    return request;
}

bool accepted(TestRequest request) { return std::holds_alternative<Decoded>(request.decoded()); }

TEST(Version, ThisVersionIsServedWhateverItsPatchNumber) {
    for (const std::string version : {"1.0", " 1.0 ", "1.0.0", "1.0.17"}) {
        EXPECT_TRUE(accepted(with_version(get("/tasks/t"), version))) << version;
        EXPECT_TRUE(accepted(with_version(get("/v1/tasks/t"), version))) << version;
        EXPECT_TRUE(accepted(
            with_version(rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})"), version)));
    }
}

TEST(Version, OthersAreRefusedAndTheSupportedOnesAreNamed) {
    for (const std::string version :
         {"0.2", "2.0", "1", "1.1", "1.00", "v1.0", "1.0.", "1.0.x", "0.30", "0.3.x", "x"}) {
        for (const std::string path : {"/tasks/t", "/v1/tasks/t"}) {
            const HttpResponse response = with_version(get(path), version).refusal();
            EXPECT_EQ(response.status, 400) << version;
            EXPECT_THAT(response.body, HasSubstr("VERSION_NOT_SUPPORTED"));
            EXPECT_THAT(response.body, HasSubstr(R"("supportedVersions":"1.0, 0.3")"));
        }
        for (const std::string method : {"ListTasks", "tasks/get"}) {
            const std::string body = R"({"jsonrpc":"2.0","id":"a","method":")" + method + R"("})";
            const HttpResponse answer = with_version(rpc(body), version).refusal();
            EXPECT_EQ(answer.status, 200);
            EXPECT_THAT(answer.body, HasSubstr(R"("id":"a","error":{"code":-32009)")) << version;
        }
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

std::vector<TestRequest> shared_requests() {
    const std::string send =
        R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}],)"
        R"("content":[{"text":"x"}]}})";
    const std::string config = R"({"url":"http://x","pushNotificationConfig":{"url":"http://x"}})";
    return {post("/v1/message:send", send),
            post("/v1/message:stream", send),
            get("/v1/tasks/t"),
            post("/v1/tasks/t:cancel", ""),
            post("/v1/tasks/t:subscribe", ""),
            get("/v1/tasks/t:subscribe"),
            post("/v1/tasks/t/pushNotificationConfigs", config),
            get("/v1/tasks/t/pushNotificationConfigs"),
            get("/v1/tasks/t/pushNotificationConfigs/c"),
            TestRequest{"DELETE", "/v1/tasks/t/pushNotificationConfigs/c"}};
}

TEST(Version, OnAPathThatBothHaveTheHeaderDecidesAndWithoutItIs03) {
    for (const TestRequest& request : shared_requests()) {
        for (const std::string version : {"none", "", "0.3", "0.3.0"}) {
            EXPECT_EQ(with_version(request, version).call().version, Version::k0_3)
                << request.target;
        }
        EXPECT_EQ(with_version(request, "1.0").call().version, Version::k1_0) << request.target;
    }
    EXPECT_EQ(get("/v1/card").call().version, Version::k0_3);
    EXPECT_EQ(with_version(get("/v1/card"), "1.0").refusal().status, 404);
}

TEST(Version, WhatIsNotServedIsRefusedWhereverItIsMeant) {
    for (const TestRequest& request : shared_requests()) {
        for (const std::string version : {"none", "", "0.3"}) {
            const HttpResponse response =
                serving(with_version(request, version), kOnly10).refusal();
            EXPECT_EQ(response.status, 400) << request.target;
            EXPECT_THAT(response.body, HasSubstr("VERSION_NOT_SUPPORTED")) << request.target;
            EXPECT_THAT(response.body,
                        HasSubstr(R"("requestedVersion":"0.3","supportedVersions":"1.0")"));
        }
        EXPECT_THAT(serving(with_version(request, "1.0"), kOnly03).refusal().body,
                    HasSubstr(R"("requestedVersion":"1.0","supportedVersions":"0.3")"));
        EXPECT_TRUE(accepted(serving(request, kOnly03)));
    }
    for (const std::string version : {"none", "1.0"}) {
        EXPECT_THAT(serving(with_version(get("/tasks/t"), version), kOnly03).refusal().body,
                    HasSubstr("VERSION_NOT_SUPPORTED"));
        const std::string list = R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})";
        EXPECT_THAT(serving(with_version(rpc(list), version), kOnly03).refusal().body,
                    HasSubstr("-32009"));
    }
    const std::string get_task =
        R"({"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"t"}})";
    EXPECT_THAT(serving(rpc(get_task), kOnly10).refusal().body, HasSubstr("-32009"));
}

TEST(Version, StrictDemandsTheHeaderOfCallsThatOnly10Has) {
    const std::string list = R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})";
    for (TestRequest request :
         {get("/tasks/t"), get("/acme/tasks/t"), get("/v1/acme/tasks/t"), rpc(list)}) {
        EXPECT_THAT(serving(request, kStrict).refusal().body, HasSubstr("A2A-Version is missing"))
            << request.target;
        EXPECT_TRUE(accepted(serving(with_version(request, "1.0"), kStrict))) << request.target;
    }
    EXPECT_TRUE(accepted(serving(get("/v1/tasks/t"), kStrict)));
}

TEST(Version, APathThat03DoesNotHaveIsNamedAsSuch) {
    const HttpResponse response = with_version(get("/tasks/t"), "0.3").refusal();
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body,
                StartsWith(R"({"code":-32601,"message":"this is a path of protocol 1.0)"));
    for (TestRequest request : {get("/v1/tasks"), with_version(get("/v1/tasks"), "0.3")}) {
        EXPECT_EQ(request.refusal().status, 501);
        EXPECT_THAT(request.refusal().body, HasSubstr("protocol 0.3 does not list tasks"));
    }
    EXPECT_THAT(get("/v1/nothing").refusal().body, StartsWith(R"({"code":)"));
    EXPECT_THAT(with_version(get("/v1/nothing"), "1.0").refusal().body, StartsWith(R"({"error":)"));
}

TEST(Version, AMethodSaysItsVersionAndTheHeaderMustNotContradict) {
    for (const std::string method :
         {"message/send", "message/stream", "tasks/get", "tasks/cancel", "tasks/resubscribe",
          "tasks/pushNotificationConfig/set", "tasks/pushNotificationConfig/get",
          "tasks/pushNotificationConfig/list", "tasks/pushNotificationConfig/delete",
          "agent/getAuthenticatedExtendedCard"}) {
        const std::string body =
            R"({"jsonrpc":"2.0","id":1,"method":")" + method +
            R"(","params":{"id":"t","taskId":"t","pushNotificationConfigId":"c",)"
            R"("pushNotificationConfig":{"url":"http://x"},)"
            R"("message":{"messageId":"m","role":"user","parts":[{"text":"x"}]}}})";
        EXPECT_EQ(rpc(body).call().version, Version::k0_3) << method;
        EXPECT_EQ(with_version(rpc(body), "0.3").call().version, Version::k0_3) << method;
        const std::string refusal = with_version(rpc(body), "1.0").refusal().body;
        EXPECT_THAT(refusal, HasSubstr("-32601")) << method;
        EXPECT_THAT(refusal, HasSubstr("there is no \\\"" + method)) << method;
    }
    const std::string refusal =
        with_version(rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})"), "0.3").refusal().body;
    EXPECT_THAT(
        refusal,
        HasSubstr(R"("code":-32601,"message":"method: there is no \"ListTasks\" in protocol 0.3)"));
}

TEST(Version, AMethodThatNobodyHasIsRefusedInTheFormOf03UnlessTheHeaderSays10) {
    for (const std::string method :
         {R"("method":"tasks/list")", R"("method":"Nothing")", R"("x":1)"}) {
        const std::string body = R"({"jsonrpc":"2.0","id":1,)" + method + "}";
        EXPECT_THAT(rpc(body).refusal().body, Not(HasSubstr("data"))) << method;
        EXPECT_THAT(with_version(rpc(body), "0.3").refusal().body, Not(HasSubstr("-32009")))
            << method;
        EXPECT_THAT(with_version(rpc(body), "1.0").refusal().body, Not(HasSubstr("-32009")))
            << method;
    }
}

TEST(Version, TheQueryMayNameItAndTheHeaderWins) {
    EXPECT_TRUE(accepted(get("/v1/tasks/t?A2A-Version=1.0")));
    EXPECT_TRUE(accepted(get("/v1/tasks/t?x=y&a2a-version=1%2E0")));
    EXPECT_EQ(get("/v1/tasks/t?A2A-Version=0.3").call().version, Version::k0_3);
    EXPECT_TRUE(accepted(with_version(get("/v1/tasks/t?A2A-Version=0.3"), "1.0")));
    TestRequest request = rpc(R"({"jsonrpc":"2.0","id":1,"method":"ListTasks"})");
    request.target = "/?A2A-Version=9.9";
    EXPECT_FALSE(accepted(request));
}

}  // namespace
}  // namespace a2akit::wire
