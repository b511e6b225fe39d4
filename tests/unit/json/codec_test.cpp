#include "json/codec.hpp"

#include <gtest/gtest.h>
#include <a2akit/protocol/json.hpp>
#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/task.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace a2akit::json {
namespace {

std::vector<std::string> violated(const Error& error) {
    std::vector<std::string> fields;
    if (error.details) {
        for (const auto& violation : error.details->violations) fields.push_back(violation.field);
    }
    return fields;
}

template <class M>
std::string complaint(std::string_view text) {
    const auto message = decode<M>(text);
    return message ? "none" : message.error().message;
}

constexpr std::string_view kSend =
    R"({"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"hello"}]}})";

TEST(Codec, ReadsARequestAndWritesItBack) {
    const auto request = decode<SendMessageRequest>(kSend);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->message.message_id, "m1");
    EXPECT_EQ(request->message.role, Role::kUser);
    ASSERT_EQ(request->message.parts.size(), 1u);
    EXPECT_EQ(*request->message.parts[0].text(), "hello");
    EXPECT_FALSE(request->configuration);
    EXPECT_EQ(encode(*request), kSend);
}

TEST(Codec, ReadsBothSpellingsOfAFieldAndWritesCamelCase) {
    const auto message = decode<Message>(
        R"({"message_id":"m","context_id":"c","taskId":"t","role":2,"parts":[{"text":"x","media_type":"text/plain"}]})");
    ASSERT_TRUE(message) << message.error().message;
    EXPECT_EQ(encode(*message),
              R"({"messageId":"m","contextId":"c","taskId":"t","role":"ROLE_AGENT",)"
              R"("parts":[{"text":"x","mediaType":"text/plain"}]})");
}

TEST(Codec, ListsEveryViolationOfAMessage) {
    const auto request = decode<SendMessageRequest>(
        R"({"message":{"messageId":"","role":"ROLE_UNSPECIFIED","parts":[{"text":5},{}],"contextId":[]},)"
        R"("configuration":{"historyLength":1.5},"metadata":"x"})");
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidParams);
    EXPECT_EQ(violated(request.error()),
              (std::vector<std::string>{"message.parts[0].text", "message.parts[1]",
                                        "message.contextId", "message.messageId", "message.role",
                                        "configuration.historyLength", "metadata"}));
}

TEST(Codec, NamesAMissingMessageItselfNotItsFields) {
    EXPECT_EQ(complaint<SendMessageRequest>("{}"), "message: is required: an object");
    EXPECT_EQ(complaint<SendMessageRequest>(R"({"message":null})"),
              "message: is required: an object");
    EXPECT_EQ(complaint<SendMessageRequest>("[]"), "must be an object, not an array");
}

TEST(Codec, RequiresAtLeastOneElement) {
    EXPECT_EQ(complaint<Message>(R"({"messageId":"m","role":"ROLE_USER","parts":[]})"),
              "parts: is required: an array of at least one element");
}

TEST(Codec, RefusesAnUnknownEnumValueWithTheAllowedOnes) {
    for (const auto* role : {R"("ROLE_SYSTEM")", R"("user")", "3", "-1", "1.5"}) {
        EXPECT_EQ(complaint<Message>(R"({"messageId":"m","parts":[{"text":"x"}],"role":)" +
                                     std::string(role) + "}")
                      .substr(0, 42),
                  "role: must be one of ROLE_USER, ROLE_AGENT")
            << role;
    }
}

TEST(Codec, ReportsAWrongRequiredFieldOnce) {
    const auto message = decode<Message>(R"({"messageId":5,"parts":{},"role":"ROLE_SYSTEM"})");
    EXPECT_EQ(violated(message.error()), (std::vector<std::string>{"messageId", "parts", "role"}));
}

TEST(Codec, RefusesTwoAlternativesOfAOneofNamingBoth) {
    EXPECT_EQ(complaint<Part>(R"({"text":"x","url":"y"})"),
              "url: only one of text, raw, url, data may be set, and text is set already");
    EXPECT_EQ(complaint<Part>("{}"), "must hold one of text, raw, url, data");
}

TEST(Codec, RefusesAFieldGivenTwice) {
    EXPECT_EQ(complaint<Part>(R"({"text":"x","mediaType":"a","media_type":"b"})"),
              "media_type: is given twice");
}

TEST(Codec, ReadsNullAsAbsentAndDataNullAsAValue) {
    const auto part = decode<Part>(R"({"text":"x","metadata":null,"url":null})");
    ASSERT_TRUE(part) << part.error().message;
    EXPECT_EQ(encode(*part), R"({"text":"x"})");
    const auto data = decode<Part>(R"({"data":null})");
    ASSERT_TRUE(data);
    EXPECT_EQ(encode(*data), R"({"data":null})");
}

TEST(Codec, IgnoresUnknownFieldsButChecksThatTheyAreJson) {
    EXPECT_TRUE(decode<Part>(R"({"text":"x","new":{"a":[1,{"b":"c"}]}})"));
    EXPECT_EQ(decode<Part>(R"({"text":"x","new":{"a":[1,{"b":tru}]}})").error().code,
              ErrorCode::kParseError);
    EXPECT_EQ(decode<Part>(R"({"text":"x"} trailing)").error().code, ErrorCode::kParseError);
}

TEST(Codec, ReadsWholeNumbersInEveryNotation) {
    for (const auto* text : {"50", "50.0", "5e1", "\"50\""}) {
        const auto request =
            decode<GetTaskRequest>(R"({"id":"t","historyLength":)" + std::string(text) + "}");
        ASSERT_TRUE(request) << text;
        EXPECT_EQ(request->history_length, 50) << text;
    }
    for (const auto* text :
         {"2147483648", "1.5", "1e99", "1e999", "\"x\"", "\"\"", "true", "99999999999999999999"}) {
        EXPECT_EQ(violated(decode<GetTaskRequest>(R"({"id":"t","historyLength":)" +
                                                  std::string(text) + "}")
                               .error()),
                  std::vector<std::string>{"historyLength"})
            << text;
    }
}

TEST(Codec, KeepsTheDifferenceBetweenZeroAndAbsent) {
    const auto request = decode<GetTaskRequest>(R"({"id":"t","historyLength":0})");
    ASSERT_TRUE(request);
    EXPECT_EQ(encode(*request), R"({"id":"t","historyLength":0})");
    EXPECT_EQ(encode(*decode<GetTaskRequest>(R"({"id":"t"})")), R"({"id":"t"})");
}

TEST(Codec, ReadsBase64OfBothAlphabetsWithAndWithoutPadding) {
    for (const auto* text : {"+/8=", "-_8", "+/8", "-_8=", "+\\/8="}) {
        const auto part = decode<Part>(R"({"raw":")" + std::string(text) + "\"}");
        ASSERT_TRUE(part) << text;
        EXPECT_EQ(std::get<RawContent>(part->content).bytes, "\xfb\xff") << text;
        EXPECT_EQ(encode(*part), R"({"raw":"+/8="})");
    }
    for (const auto* text : {"a", "abc*", "ab=", "====", "a b="}) {
        EXPECT_EQ(violated(decode<Part>(R"({"raw":")" + std::string(text) + "\"}").error()),
                  std::vector<std::string>{"raw"})
            << text;
    }
}

TEST(Codec, ReadsTimesWithAnyOffsetAndWritesUtcMilliseconds) {
    const auto written = [](std::string_view time) {
        const auto status = decode<TaskStatus>(R"({"state":"TASK_STATE_WORKING","timestamp":")" +
                                               std::string(time) + "\"}");
        return status ? encode(*status) : status.error().message;
    };
    const std::string expected =
        R"({"state":"TASK_STATE_WORKING","timestamp":"2025-10-28T10:30:00.120Z"})";
    EXPECT_EQ(written("2025-10-28T10:30:00.120Z"), expected);
    EXPECT_EQ(written("2025-10-28T10:30:00.12Z"), expected);
    EXPECT_EQ(written("2025-10-28T10:30:00.120999999Z"), expected);
    EXPECT_EQ(written("2025-10-28T12:30:00.12+02:00"), expected);
    EXPECT_EQ(written("2025-10-27T23:00:00.12-11:30"), expected);
    for (const auto* wrong :
         {"", "2025-10-28", "2025-10-28T10:30:00", "2025-02-30T10:30:00Z", "2025-10-28T24:00:00Z",
          "2025-10-28T10:30:00.Z", "2025-10-28T10:30:00Zx", "0000-01-01T00:00:00Z"}) {
        EXPECT_EQ(written(wrong), "timestamp: must be a time such as \"2025-10-28T10:30:00.000Z\"")
            << wrong;
    }
}

TEST(Codec, RefusesNulInStringsOfRequestsOnly) {
    EXPECT_EQ(complaint<Part>(R"({"text":"a\u0000b"})"),
              "text: must not contain the character NUL (\\u0000)");
    EXPECT_TRUE(decode<Part>(R"({"text":"a\u0000b"})", Mode::kLenient));
}

TEST(Codec, RefusesNulInDataAndMetadataOfRequestsOnly) {
    EXPECT_EQ(complaint<Part>(R"({"data":{"a":["\u0000"]}})"),
              "data: must not contain the character NUL (\\u0000)");
    EXPECT_EQ(complaint<Part>(R"({"text":"a","metadata":{"\\\u0000":1}})"),
              "metadata: must not contain the character NUL (\\u0000)");
    EXPECT_TRUE(decode<Part>(R"({"data":"a backslash and \\u0000 in letters"})"));
    EXPECT_TRUE(decode<Part>(R"({"data":"\u0000"})", Mode::kLenient));
}

TEST(Codec, ReadsResponsesOfOtherServersLeniently) {
    const auto task =
        decode<Task>(R"({"status":{"state":"TASK_STATE_NEW"},"artifacts":[{}]})", Mode::kLenient);
    ASSERT_TRUE(task) << task.error().message;
    EXPECT_EQ(task->status.state, TaskState::kUnspecified);
    EXPECT_EQ(task->artifacts.size(), 1u);
}

TEST(Codec, TakesRequiredFieldsFromElsewhere) {
    CancelTaskRequest request;
    request.id = "from-the-path";
    Cursor cursor("{}");
    EXPECT_TRUE(read(cursor, request));
    EXPECT_TRUE(cursor.finish());
    EXPECT_EQ(request.id, "from-the-path");
}

TEST(Codec, WritesRequiredFieldsAlways) {
    EXPECT_EQ(encode(ListTasksResponse{}),
              R"({"tasks":[],"nextPageToken":"","pageSize":0,"totalSize":0})");
    EXPECT_EQ(encode(Task{}), R"({"id":"","status":{"state":"TASK_STATE_UNSPECIFIED"}})");
}

TEST(Codec, ReadsAnEmptyListOfTasks) {
    EXPECT_TRUE(decode<ListTasksResponse>(
        R"({"tasks":[],"nextPageToken":"","pageSize":50,"totalSize":0})"));
}

TEST(Codec, KeepsForeignJsonWithoutInsignificantSpace) {
    const auto part =
        decode<Part>(R"({"data": {"n": 1.0, "s": "a b"}, "metadata": { "k" : [ ] }})");
    ASSERT_TRUE(part);
    EXPECT_EQ(encode(*part), R"({"data":{"n":1.0,"s":"a b"},"metadata":{"k":[]}})");
}

TEST(PublicJson, EscapesStrings) {
    using namespace std::string_view_literals;
    EXPECT_EQ(json_string("a\"b\\c\n\x01\0 \xc3\xa4 long enough to scan"sv).text(),
              "\"a\\\"b\\\\c\\n\\u0001\\u0000 \xc3\xa4 long enough to scan\"");
}

}  // namespace
}  // namespace a2akit::json
