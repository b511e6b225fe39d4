#include "unit/wire/wire_test.hpp"

#include "wire/media_type.hpp"

namespace a2akit::wire {
namespace {

using testing::HasSubstr;

const std::string kSend =
    R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}})";
const std::string kRpcSend =
    R"({"jsonrpc":"2.0","id":1,"method":"SendMessage","params":)" + kSend + "}";

TestRequest typed(const std::string& target, const std::string& body,
                  const std::string& content_type) {
    TestRequest request{"POST", target, {{"content-length", std::to_string(body.size())}}, body};
    if (content_type != "none") request.headers.emplace_back("content-type", content_type);
    return request;
}

TestRequest accepting(TestRequest request, const std::string& accept) {
    request.headers.emplace_back("accept", accept);
    return request;
}

TEST(ContentType, JsonIsReadUnderBothItsNames) {
    for (const std::string type :
         {"application/json", "application/a2a+json", "APPLICATION/JSON",
          "application/json; charset=utf-8", "application/json;charset=\"UTF-8\"",
          "application/a2a+json ; profile=x", "application/json; charset=utf8"}) {
        EXPECT_TRUE(std::holds_alternative<Decoded>(typed("/message:send", kSend, type).decoded()))
            << type;
        EXPECT_TRUE(std::holds_alternative<Decoded>(typed("/", kRpcSend, type).decoded())) << type;
    }
}

TEST(ContentType, OthersAreRefusedBeforeTheBodyIsParsed) {
    for (const std::string type :
         {"none", "", "text/plain", "application/x-www-form-urlencoded", "application/jsonx",
          "application/json; charset=latin1", "application/xml", "json"}) {
        const HttpResponse response = typed("/message:send", "{broken", type).refusal();
        EXPECT_EQ(response.status, 415) << type;
        EXPECT_THAT(response.body, HasSubstr(R"("reason":"CONTENT_TYPE_NOT_SUPPORTED")"));
        EXPECT_THAT(response.body, HasSubstr(R"("field":"Content-Type")"));
        const HttpResponse answer = typed("/", "{broken", type).refusal();
        EXPECT_EQ(answer.status, 200) << type;
        EXPECT_EQ(answer.content_type, "application/json");
        EXPECT_THAT(answer.body, HasSubstr(R"("id":null,"error":{"code":-32005)")) << type;
    }
}

TEST(ContentType, MayBeMissingWhereTheBodyMay) {
    for (const std::string target : {"/tasks/t:cancel", "/tasks/t:subscribe"}) {
        EXPECT_EQ((TestRequest{"POST", target}.call().content_type), "application/a2a+json")
            << target;
        EXPECT_EQ((TestRequest{"POST", target, {{"content-length", "0"}}}.call().content_type),
                  "application/a2a+json");
        EXPECT_EQ(typed(target, "{}", "none").refusal().status, 415) << target;
        TestRequest chunked{"POST", target, {{"transfer-encoding", "chunked"}}, "{}"};
        EXPECT_EQ(chunked.refusal().status, 415) << target;
        TestRequest no_chunks{"POST", target, {{"transfer-encoding", "chunked"}}};
        EXPECT_EQ(no_chunks.call().content_type, "application/a2a+json") << target;
    }
    TestRequest needed{"POST", "/message:send", {{"transfer-encoding", "chunked"}}};
    EXPECT_EQ(std::get<HttpResponse>(needed.routed()).status, 415) << "no need to wait for it";
    TestRequest empty{"POST", "/message:send"};
    EXPECT_EQ(empty.refusal().status, 400);
}

TEST(ContentType, AnEncodedBodyIsRefused) {
    for (const std::string target : {"/message:send", "/"}) {
        TestRequest request = typed(target, "x", "application/json");
        request.headers.emplace_back("content-encoding", "gzip");
        const HttpResponse response = request.refusal();
        EXPECT_EQ(response.status, 415);
        EXPECT_EQ(header(response, "Accept-Encoding"), "identity");
        EXPECT_THAT(response.body, HasSubstr("Content-Encoding"));
    }
    TestRequest identity = typed("/message:send", kSend, "application/json");
    identity.headers.emplace_back("content-encoding", "identity");
    EXPECT_TRUE(std::holds_alternative<Decoded>(identity.decoded()));
}

TEST(Accept, DecidesTheTypeOfTheAnswerElseTheRequestsType) {
    const std::string a2a = "application/a2a+json";
    const std::string json = "application/json";
    for (const auto& [sent, accept, answered] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {json, "", json},
             {a2a, "", a2a},
             {json, "*/*", json},
             {a2a, "*/*", a2a},
             {json, "application/*", json},
             {a2a, "application/a2a+json, application/json", a2a},
             {json, a2a, a2a},
             {a2a, json, json},
             {a2a, "application/json, */*;q=0.1", json},
             {json, "application/json;q=0.5, application/a2a+json", a2a},
             {json, "application/a2a+json;q=0.001, application/json;q=0", a2a},
             {json, "text/html, application/a2a+json;q=0.9", a2a},
             {json, "APPLICATION/A2A+JSON", a2a},
             {a2a, "text/event-stream, application/json", json}}) {
        EXPECT_EQ(accepting(typed("/message:send", kSend, sent), accept).call().content_type,
                  answered)
            << sent << " / " << accept;
        EXPECT_EQ(accepting(typed("/", kRpcSend, sent), accept).call().content_type, json);
    }
}

TEST(Accept, ARequestWithoutBodyAndAcceptGetsTheProtocolsType) {
    EXPECT_EQ(get("/tasks/t").call().content_type, "application/a2a+json");
    EXPECT_EQ(accepting(get("/tasks/t"), "application/json").call().content_type,
              "application/json");
}

TEST(Accept, AnImpossibleOneIsRefused) {
    for (const std::string accept :
         {"text/html", "application/xml", "image/*", "*/*;q=0", "application/json;q=0.0"}) {
        for (const TestRequest& request :
             {get("/tasks/t"), typed("/message:send", kSend, "application/json"),
              typed("/", kRpcSend, "application/json"),
              typed("/message:stream", kSend, "application/json")}) {
            TestRequest asking = accepting(request, accept);
            const HttpResponse response = asking.refusal();
            EXPECT_EQ(response.status, 406) << request.target << ' ' << accept;
            EXPECT_THAT(response.body, HasSubstr("Accept"));
        }
    }
}

TEST(Accept, StreamsTakeWhatStreamingClientsSend) {
    for (const std::string accept :
         {"text/event-stream", "*/*", "text/*", "application/json",
          "application/json, text/event-stream", "application/a2a+json", ""}) {
        EXPECT_TRUE(std::holds_alternative<Decoded>(
            accepting(typed("/message:stream", kSend, "application/json"), accept).decoded()))
            << accept;
        EXPECT_TRUE(std::holds_alternative<Decoded>(
            accepting(get("/tasks/t:subscribe"), accept).decoded()));
        EXPECT_TRUE(std::holds_alternative<Decoded>(
            accepting(typed("/", kRpcSend, "application/json"), accept).decoded()));
    }
    EXPECT_EQ(accepting(get("/tasks/t"), "text/event-stream").refusal().status, 406);
}

TEST(Accept, MayBeSpreadOverSeveralLines) {
    for (TestRequest request : {get("/tasks/t"), typed("/", kRpcSend, "application/json")}) {
        request.headers.emplace_back("accept", "text/html");
        request.headers.emplace_back("x-other", "image/png");
        request.headers.emplace_back("accept", "application/json");
        EXPECT_EQ(request.call().content_type, "application/json") << request.target;
    }
}

TEST(Accept, WithoutItARefusalComesAsTheRequestWasSent) {
    for (const std::string type : {"application/json", "application/a2a+json"}) {
        EXPECT_EQ(typed("/nothing/here", kSend, type).refusal().content_type, type);
        EXPECT_EQ(typed("/message:send", "{}", type).refusal().content_type, type);
    }
}

TEST(Accept, AlsoDecidesHowAnUnknownPathOrMethodIsAnswered) {
    for (const auto& [accept, type] : std::vector<std::pair<std::string, std::string>>{
             {"", "application/a2a+json"},
             {"*/*", "application/a2a+json"},
             {"application/json", "application/json"},
             {"application/a2a+json", "application/a2a+json"},
             {"text/html", "application/json"}}) {
        EXPECT_EQ(accepting(get("/nothing/here"), accept).refusal().content_type, type) << accept;
        EXPECT_EQ(accepting(get("/message:send"), accept).refusal().content_type, type) << accept;
        EXPECT_EQ(accepting(get("/tasks/%zz"), accept).refusal().content_type, type) << accept;
    }
}

TEST(RepeatedHeaders, ThatContradictEachOtherAreRefusedAndNamed) {
    using Case = std::tuple<std::string, std::string, std::string, std::string>;
    for (const auto& [name, as_written, one, other] :
         std::vector<Case>{{"content-type", "Content-Type", "application/json", "text/plain"},
                           {"a2a-version", "A2A-Version", "1.0", "0.3"},
                           {"authorization", "Authorization", "Bearer a", "Bearer b"},
                           {"last-event-id", "Last-Event-ID", "1", "2"}}) {
        for (const auto& [target, body] :
             {std::pair("/message:send", kSend), std::pair("/", kRpcSend)}) {
            TestRequest request{
                "POST", target, {{name, one}, {name, other}}, body, {.v0_3 = false}};
            const HttpResponse response = request.refusal();
            EXPECT_THAT(response.body, HasSubstr("\"field\":\"" + as_written + '"')) << target;
            EXPECT_THAT(response.body,
                        HasSubstr(request.target == "/" ? "\"code\":-32602" : "\"code\":400"));
        }
    }
}

TEST(RepeatedHeaders, ThatAgreeAreRead) {
    TestRequest request = typed("/message:send", kSend, "application/json");
    for (const std::string name : {"a2a-version", "a2a-version"})
        request.headers.emplace_back(name, "1.0");
    request.headers.emplace_back("content-type", "application/json");
    EXPECT_TRUE(std::holds_alternative<Decoded>(request.decoded()));
}

TEST(Accept, TheMostExactRangeCounts) {
    EXPECT_EQ(acceptance("text/*;q=0.3, text/event-stream;q=0.7, */*;q=0.5", "text/event-stream"),
              700);
    EXPECT_EQ(acceptance("text/*;q=0.3, */*;q=0.5", "text/event-stream"), 300);
    EXPECT_EQ(acceptance("*/*;q=0.5", "text/event-stream"), 500);
    EXPECT_EQ(acceptance("text/event-stream ; q=0.25 ; x=y", "text/event-stream"), 250);
    EXPECT_EQ(acceptance("text/event-stream;q=nonsense", "text/event-stream"), 1000);
    EXPECT_EQ(acceptance("text/html", "text/event-stream"), 0);
    EXPECT_EQ(acceptance("", "text/event-stream"), 1000);
}

}  // namespace
}  // namespace a2akit::wire
