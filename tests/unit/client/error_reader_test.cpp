#include "client/error_reader.hpp"

#include <gtest/gtest.h>

namespace a2akit::client {
namespace {

TEST(ErrorReader, ReadsTheReasonAheadOfTheNumber) {
    const Error error = read_json_rpc_error(R"({"code":-32603,"message":"full","data":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"UNAVAILABLE","domain":"a2akit"},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.5s"}]})");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_EQ(error.message, "full");
    ASSERT_TRUE(error.details);
    EXPECT_EQ(error.details->retry_after, std::chrono::milliseconds(1500));
}

TEST(ErrorReader, FallsBackToTheJsonRpcNumber) {
    EXPECT_EQ(read_json_rpc_error(R"({"code":-32001,"message":"no such task"})").code,
              ErrorCode::kTaskNotFound);
    EXPECT_EQ(read_json_rpc_error(R"({"code":-32009,"message":"x"})").code,
              ErrorCode::kVersionNotSupported);
    EXPECT_EQ(read_json_rpc_error(R"({"code":1,"message":"x"})").code, ErrorCode::kInternal);
}

TEST(ErrorReader, KeepsTheFieldsThatWereWrong) {
    const Error error = read_json_rpc_error(R"({"code":-32602,"message":"bad","data":[
        {"@type":"type.googleapis.com/google.rpc.BadRequest",
         "fieldViolations":[{"field":"message.parts","description":"must not be empty"}]}]})");
    ASSERT_TRUE(error.details);
    ASSERT_EQ(error.details->violations.size(), 1U);
    EXPECT_EQ(error.details->violations[0].field, "message.parts");
    EXPECT_EQ(error.details->violations[0].description, "must not be empty");
}

TEST(ErrorReader, ReadsTheMetadataOfErrorInfo) {
    const Error error = read_http_error(
        404, R"({"error":{"code":404,"status":"NOT_FOUND","message":"gone","details":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"TASK_NOT_FOUND","metadata":{"taskId":"t1"}}]}})");
    EXPECT_EQ(error.code, ErrorCode::kTaskNotFound);
    ASSERT_TRUE(error.details);
    ASSERT_EQ(error.details->metadata.size(), 1U);
    EXPECT_EQ(error.details->metadata[0].second, "t1");
}

TEST(ErrorReader, MakesAnErrorOfAnyHttpAnswer) {
    EXPECT_EQ(read_http_error(401, "").code, ErrorCode::kUnauthenticated);
    EXPECT_EQ(read_http_error(503, "<html>").code, ErrorCode::kUnavailable);
    EXPECT_EQ(read_http_error(500, R"({"error":"words"})").code, ErrorCode::kInternal);
    EXPECT_EQ(read_http_error(302, "").code, ErrorCode::kInvalidAgentResponse);
    EXPECT_EQ(read_http_error(418, "null").message, "the agent answered with HTTP status 418");
}

TEST(ErrorReader, ReadsAnswersThatHoldAStatusAndAMessageOnly) {
    const Error error = read_http_error(409, R"({"message":"it has ended"})");
    EXPECT_EQ(error.code, ErrorCode::kTaskNotCancelable);
    EXPECT_EQ(error.message, "it has ended");
    EXPECT_EQ(read_http_error(422, "{}").code, ErrorCode::kInvalidParams);
    EXPECT_EQ(read_http_error(501, R"({"message":7})").code, ErrorCode::kUnsupportedOperation);
}

TEST(ErrorReader, SurvivesErrorsOfTheWrongShape) {
    EXPECT_EQ(read_json_rpc_error("null").code, ErrorCode::kInternal);
    EXPECT_EQ(read_json_rpc_error(R"({"code":"x","message":7,"data":{"reason":1}})").code,
              ErrorCode::kInternal);
    EXPECT_EQ(read_json_rpc_error(R"({"code":-32001,"data":[1,"two",{"metadata":{"n":3}}]})").code,
              ErrorCode::kTaskNotFound);
}

TEST(ErrorReader, FindsResultAndErrorOfAnEnvelope) {
    EXPECT_EQ(read_envelope(R"({"id":1,"result":{"a":[1]}})").result, R"({"a":[1]})");
    EXPECT_EQ(read_envelope(R"({"error":{"code":1}})").error, R"({"code":1})");
    EXPECT_TRUE(read_envelope("[1]").result.empty());
    EXPECT_TRUE(read_envelope(R"({"result":{}} trailing)").result.empty());
}

}  // namespace
}  // namespace a2akit::client
