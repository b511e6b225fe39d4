#include "wire/error_table.hpp"

#include "unit/wire/wire_test.hpp"
#include "wire/codec.hpp"
#include "wire/error_render.hpp"

namespace a2akit::wire {
namespace {

using namespace std::chrono_literals;

struct Golden {
    ErrorCode code;
    std::string json_rpc;  ///< What follows "error": in the JSON-RPC answer.
    int http_status;
    std::string status;  ///< What follows "error": in the HTTP+JSON answer.
};

std::string info(const std::string& reason, const std::string& domain) {
    return R"([{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":")" + reason +
           R"(","domain":")" + domain +
           R"(","metadata":{"timestamp":"2025-11-09T10:30:00.000Z"}}])";
}
std::string spec(const std::string& reason) { return info(reason, "a2a-protocol.org"); }
std::string own(const std::string& reason) { return info(reason, "a2akit"); }

Golden golden(ErrorCode code, int number, int http, const std::string& status,
              const std::string& details) {
    const std::string data = details.empty() ? "" : R"(,"data":)" + details;
    const std::string more = details.empty() ? "" : R"(,"details":)" + details;
    return {code, R"({"code":)" + std::to_string(number) + R"(,"message":"why")" + data + '}', http,
            R"({"code":)" + std::to_string(http) + R"(,"status":")" + status +
                R"(","message":"why")" + more + '}'};
}

TEST(ErrorTable, EveryErrorIsWrittenAsBothBindingsWant) {
    const std::vector<Golden> goldens{
        golden(ErrorCode::kTaskNotFound, -32001, 404, "NOT_FOUND", spec("TASK_NOT_FOUND")),
        golden(ErrorCode::kTaskNotCancelable, -32002, 400, "FAILED_PRECONDITION",
               spec("TASK_NOT_CANCELABLE")),
        golden(ErrorCode::kPushNotificationNotSupported, -32003, 400, "FAILED_PRECONDITION",
               spec("PUSH_NOTIFICATION_NOT_SUPPORTED")),
        golden(ErrorCode::kUnsupportedOperation, -32004, 400, "FAILED_PRECONDITION",
               spec("UNSUPPORTED_OPERATION")),
        golden(ErrorCode::kContentTypeNotSupported, -32005, 400, "INVALID_ARGUMENT",
               spec("CONTENT_TYPE_NOT_SUPPORTED")),
        golden(ErrorCode::kInvalidAgentResponse, -32006, 500, "INTERNAL",
               spec("INVALID_AGENT_RESPONSE")),
        golden(ErrorCode::kExtendedAgentCardNotConfigured, -32007, 400, "FAILED_PRECONDITION",
               spec("EXTENDED_AGENT_CARD_NOT_CONFIGURED")),
        golden(ErrorCode::kExtensionSupportRequired, -32008, 400, "FAILED_PRECONDITION",
               spec("EXTENSION_SUPPORT_REQUIRED")),
        golden(ErrorCode::kVersionNotSupported, -32009, 400, "FAILED_PRECONDITION",
               spec("VERSION_NOT_SUPPORTED")),
        golden(ErrorCode::kParseError, -32700, 400, "INVALID_ARGUMENT", ""),
        golden(ErrorCode::kInvalidRequest, -32600, 400, "INVALID_ARGUMENT", ""),
        golden(ErrorCode::kMethodNotFound, -32601, 404, "UNIMPLEMENTED", ""),
        golden(ErrorCode::kInvalidParams, -32602, 400, "INVALID_ARGUMENT", ""),
        golden(ErrorCode::kUnauthenticated, -32031, 401, "UNAUTHENTICATED", own("UNAUTHENTICATED")),
        golden(ErrorCode::kPermissionDenied, -32033, 403, "PERMISSION_DENIED",
               own("PERMISSION_DENIED")),
        golden(ErrorCode::kResourceExhausted, -32603, 429, "RESOURCE_EXHAUSTED",
               own("RESOURCE_EXHAUSTED")),
        golden(ErrorCode::kUnavailable, -32603, 503, "UNAVAILABLE", own("UNAVAILABLE")),
        golden(ErrorCode::kInternal, -32603, 500, "INTERNAL", ""),
        golden(ErrorCode::kTaskTerminal, -32004, 400, "FAILED_PRECONDITION",
               spec("UNSUPPORTED_OPERATION")),
        golden(ErrorCode::kRevisionConflict, -32603, 503, "UNAVAILABLE", own("UNAVAILABLE")),
        golden(ErrorCode::kLeaseLost, -32603, 500, "INTERNAL", ""),
        golden(ErrorCode::kLiveRun, -32004, 400, "FAILED_PRECONDITION",
               spec("UNSUPPORTED_OPERATION")),
        golden(ErrorCode::kRevealed, -32603, 500, "INTERNAL", ""),
        golden(ErrorCode::kIdempotencyConflict, -32602, 400, "INVALID_ARGUMENT",
               own("IDEMPOTENCY_CONFLICT")),
        golden(ErrorCode::kCompacted, -32602, 400, "INVALID_ARGUMENT", ""),
        golden(ErrorCode::kStopped, -32603, 503, "UNAVAILABLE", own("UNAVAILABLE")),
    };
    ASSERT_EQ(goldens.size(), kErrorTable.size());
    const Timestamp time(1762684200000ms);
    for (const Golden& expected : goldens) {
        const Error error{expected.code, "why", nullptr};
        std::string rpc_text;
        codec(Version::k1_0).append_json_rpc_error(rpc_text, "7", error, time);
        EXPECT_EQ(rpc_text, R"({"jsonrpc":"2.0","id":7,"error":)" + expected.json_rpc + '}');
        std::string status_text;
        codec(Version::k1_0)
            .append_http_error(status_text, error, error_row(expected.code).http_status, time);
        EXPECT_EQ(status_text, R"({"error":)" + expected.status + '}');
        EXPECT_EQ(status_error(error, "application/json").status, expected.http_status);
        const bool http_level = expected.http_status == 401 || expected.http_status == 403;
        EXPECT_EQ(json_rpc_error("7", error).status, http_level ? expected.http_status : 200);
    }
}

TEST(ErrorTable, AReasonLeadsBackToItsError) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        EXPECT_EQ(error_from_reason(error_row(code).reason), code);
        EXPECT_EQ(error_row(code).reason, to_string(code));
    }
    EXPECT_EQ(error_from_reason("IDEMPOTENCY_CONFLICT"), ErrorCode::kIdempotencyConflict);
    EXPECT_EQ(error_from_reason("SOMETHING_ELSE"), std::nullopt);
    EXPECT_EQ(error_from_reason(""), std::nullopt);
}

TEST(ErrorTable, ANumberLeadsBackToAnErrorWithThatNumber) {
    for (const ErrorRow& row : kErrorTable) {
        EXPECT_EQ(error_row(error_from_json_rpc(row.json_rpc_code)).json_rpc_code,
                  row.json_rpc_code);
        EXPECT_EQ(error_row(error_from_http(row.http_status)).http_status, row.http_status);
    }
    EXPECT_EQ(error_from_json_rpc(-32001), ErrorCode::kTaskNotFound);
    EXPECT_EQ(error_from_json_rpc(-32603), ErrorCode::kInternal);
    EXPECT_EQ(error_from_json_rpc(12), ErrorCode::kInternal);
    EXPECT_EQ(error_from_http(415), ErrorCode::kContentTypeNotSupported);
    EXPECT_EQ(error_from_http(418), ErrorCode::kInternal);
}

TEST(ErrorTable, DetailsNameTheTaskTheFieldsAndTheTimeToWait) {
    const Error error = Error{ErrorCode::kTaskNotFound, "no \"such\" task", nullptr}.with(
        {{{"id", "is no id of a task"}}, {{"taskId", "t\n1"}}, 1500ms, ""});
    const HttpResponse response = status_error(error, "application/a2a+json");
    EXPECT_EQ(response.content_type, "application/a2a+json");
    EXPECT_EQ(header(response, "Retry-After"), "2");
    EXPECT_EQ(
        without_time(response.body),
        R"({"error":{"code":404,"status":"NOT_FOUND","message":"no \"such\" task","details":[)"
        R"({"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND",)"
        R"("domain":"a2a-protocol.org","metadata":{"taskId":"t\n1","timestamp":"NOW"}},)"
        R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[)"
        R"({"field":"id","description":"is no id of a task"}]},)"
        R"({"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}})");
}

TEST(ErrorTable, MetadataBringsErrorInfoToAnyError) {
    const Error error = Error::about_task(ErrorCode::kInvalidParams, "contextId differs", "t-1");
    EXPECT_THAT(json_rpc_error("1", error).body,
                testing::HasSubstr(R"("reason":"INVALID_PARAMS","domain":"a2akit")"));
}

TEST(ErrorTable, ACallerWithoutPermissionIsChallengedInBothBindings) {
    const Error error = Error{ErrorCode::kUnauthenticated, "no token", nullptr}.with(
        {{}, {}, std::nullopt, "Basic realm=\"x\""});
    EXPECT_EQ(header(json_rpc_error("1", error), "WWW-Authenticate"), "Basic realm=\"x\"");
    EXPECT_EQ(header(status_error(error, "application/json"), "WWW-Authenticate"),
              "Basic realm=\"x\"");
    const Error unnamed{ErrorCode::kUnauthenticated, "no token", nullptr};
    EXPECT_EQ(header(json_rpc_error("1", unnamed), "WWW-Authenticate"), "Bearer realm=\"a2a\"");
    const Error denied{ErrorCode::kPermissionDenied, "no", nullptr};
    EXPECT_EQ(json_rpc_error("1", denied).status, 403);
    EXPECT_EQ(header(json_rpc_error("1", denied), "WWW-Authenticate"), "");
}

TEST(ErrorTable, AnUnavailableServerSaysWhenToComeAgain) {
    const Error error = Error::unavailable("full", 3000ms);
    const HttpResponse status = status_error(error, "application/json");
    EXPECT_EQ(status.status, 503);
    EXPECT_EQ(header(status, "Retry-After"), "3");
    const HttpResponse rpc_answer = json_rpc_error("1", error);
    EXPECT_EQ(rpc_answer.status, 200);
    EXPECT_THAT(rpc_answer.body, testing::HasSubstr(R"("code":-32603)"));
    EXPECT_THAT(rpc_answer.body, testing::HasSubstr(R"("retryDelay":"3s")"));
}

TEST(HttpErrors, AreWrittenInTheMannerOfTheBinding) {
    for (const auto& [status, name] :
         std::vector<std::pair<int, std::string>>{{400, "INVALID_ARGUMENT"},
                                                  {404, "NOT_FOUND"},
                                                  {405, "UNIMPLEMENTED"},
                                                  {408, "DEADLINE_EXCEEDED"},
                                                  {411, "INVALID_ARGUMENT"},
                                                  {413, "INVALID_ARGUMENT"},
                                                  {431, "INVALID_ARGUMENT"},
                                                  {500, "INTERNAL"}}) {
        const HttpResponse plain = http_error(status, "why", false);
        EXPECT_EQ(plain.status, status);
        EXPECT_EQ(plain.content_type, "application/json");
        EXPECT_EQ(plain.body, R"({"error":{"code":)" + std::to_string(status) + R"(,"status":")" +
                                  name + R"(","message":"why"}})");
        const HttpResponse rpc_answer = http_error(status, "why", true);
        EXPECT_EQ(rpc_answer.status, status);
        EXPECT_EQ(rpc_answer.body, R"({"jsonrpc":"2.0","id":null,"error":{"code":)" +
                                       std::string(status == 500 ? "-32603" : "-32600") +
                                       R"(,"message":"why"}})");
    }
    EXPECT_EQ(header(http_error(503, "full", false), "Retry-After"), "1");
    EXPECT_THAT(http_error(503, "full", true).body, testing::HasSubstr(R"("retryDelay":"1s")"));
}

}  // namespace
}  // namespace a2akit::wire
