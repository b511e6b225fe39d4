// Servers that no client deserves, in one table: what a server does, the calls that meet it, and
// the one error that each of them ends in. tests/cli/bad_servers.py is the table of the command
// line, tests/unit/grpc/bad_servers_test.cpp that of gRPC.

#include "support/client_calls.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::client {
namespace {

using test_support::Asked;
using test_support::endless;
using test_support::expect_one_error;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;
using Script = ScriptedServer::Script;

constexpr const char* kWorking =
    R"({"task":{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_WORKING"}}})";

// -- What a client asks

const std::vector<Asked> kCalls{Asked::kGet,    Asked::kSend, Asked::kList,
                                Asked::kCancel, Asked::kPush, Asked::kCard};
const std::vector<Asked> kStreams{Asked::kStream, Asked::kSubscribe};
const std::vector<Asked> kAll{Asked::kGet,  Asked::kSend, Asked::kList,   Asked::kCancel,
                              Asked::kPush, Asked::kCard, Asked::kStream, Asked::kSubscribe};
const std::vector<std::string> kBoth{"JSONRPC", "HTTP+JSON"};

// -- What a server does

Script says(std::string bytes) {
    return [bytes = std::move(bytes)](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send(bytes);
    };
}

Script answers(std::string status, std::string body, std::string type = "application/json") {
    return [=](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.respond(status, type, body);
    };
}

/// As the binding of the request has it: in the envelope of JSON-RPC, or as it is.
std::string result_for(const ScriptedRequest& request, const std::string& json) {
    if (request.body.find("\"jsonrpc\"") == std::string::npos) return json;
    return R"({"jsonrpc":"2.0","id":1,"result":)" + json + "}";
}

Script returns(std::string json) {
    return [=](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.respond("200 OK", "application/json", result_for(request, json));
    };
}

void returns_another_page(const ScriptedRequest& request, ScriptedConnection& connection) {
    const std::string token = std::to_string(request.number);
    returns(R"({"tasks":[],"configs":[],"nextPageToken":")" + token + "\"}")(request, connection);
}

/// A stream of these events; then it ends.
Script streams(std::vector<std::string> events) {
    return [=](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.begin_stream();
        for (const std::string& event : events)
            connection.send_event("", result_for(request, event));
    };
}

/// A stream of what is not even JSON.
Script streams_bytes(std::string data) {
    return [=](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.begin_stream();
        connection.send_event("", data);
    };
}

/// `head`, and then nothing more.
Script stalls(std::string head = {}) {
    return [=](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send(head);
        connection.wait_for_close();
    };
}

/// `head`, and then `piece` too slowly to ever come to an end.
Script trickles(std::string head, std::string piece) {
    return [=](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send(head);
        connection.trickle(piece);
    };
}

void closes(const ScriptedRequest&, ScriptedConnection&) {}
void resets(const ScriptedRequest&, ScriptedConnection& connection) { connection.reset(); }

/// The first request is answered with the first script, and so on; the last one stays.
Script in_turn(std::vector<Script> scripts) {
    return [=](const ScriptedRequest& request, ScriptedConnection& connection) {
        scripts[std::min(request.number, scripts.size() - 1)](request, connection);
    };
}

// -- The table

/// Generous: what has to be found must not be mistaken for a stall on a slow machine.
ClientOptions small() {
    ClientOptions options;
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(1);
    options.retry.attempts = 2;
    options.max_card_bytes = 4096;
    options.max_event_bytes = 4096;
    options.max_answer_bytes = 4096;
    return options;
}

/// For servers that would be waited for.
ClientOptions impatient() {
    ClientOptions options = small();
    options.retry.attempts = 1;
    options.call_timeout = Duration(50);
    options.send_timeout = Duration(50);
    options.stream_idle_timeout = Duration(50);
    return options;
}

/// For servers that are never silent for long.
ClientOptions never_idle() {
    ClientOptions options = impatient();
    options.stream_idle_timeout = std::chrono::minutes(1);
    return options;
}

struct BadServer {
    std::string name;
    std::vector<Asked> asked;
    Script script;
    ErrorCode code = ErrorCode::kInvalidAgentResponse;
    std::string message;  ///< A part of the error's message.
    std::vector<std::string> bindings = kBoth;
    ClientOptions (*options)() = &small;
};

void PrintTo(const BadServer& server, std::ostream* out) { *out << server.name; }

constexpr auto kBad = ErrorCode::kInvalidAgentResponse;
constexpr auto kGone = ErrorCode::kUnavailable;
const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const std::string kStreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string kFiller = "X-Filler: " + std::string(4000, 'x') + "\r\n";

std::vector<BadServer> bad_answers() {
    const std::string answer = "the agent's answer";
    const std::vector<std::string> rpc{"JSONRPC"};
    const std::vector<std::string> rest{"HTTP+JSON"};
    return {
        {"APageOfHtml", kCalls, answers("200 OK", "<html></html>", "text/html"), kBad, answer},
        {"AnEmptyBody", kCalls, answers("200 OK", ""), kBad, answer},
        {"AnswerIsCutOff", kCalls, returns(R"({"id":"t1","sta)"), kBad, answer},
        {"AnswerIsAList", kCalls, answers("200 OK", "[]"), kBad, answer},
        {"AnswerIsANumber", kCalls, answers("200 OK", "7"), kBad, answer},
        {"AnswerIsNull", kCalls, returns("null"), kBad, answer},
        {"AnswerIsNotUtf8", kCalls, returns("{\"id\":\"\xFF\",\"name\":\"\xFF\"}"), kBad, answer},
        {"AnswerIsNestedTooDeeply", kCalls, returns(std::string(4000, '[')), kBad, answer},
        {"FieldsOfOtherTypes", kCalls,
         returns(R"({"task":7,"id":7,"tasks":7,"configs":7,"name":7})"), kBad, answer},
        {"AnEmptyObject", {Asked::kSend}, returns("{}"), kBad, answer},
        {"AnEnvelopeWithoutAResult", kCalls, answers("200 OK", R"({"jsonrpc":"2.0","id":1})"), kBad,
         "neither 'result' nor 'error'", rpc},
        {"ABatchOfAnswers", kCalls, answers("200 OK", R"([{"jsonrpc":"2.0","id":1,"result":{}}])"),
         kBad, answer, rpc},
        {"AnswerIsTooLong", kCalls, returns(R"({"name":")" + std::string(5000, 'x') + R"("})"),
         kBad, "longer than 4096 bytes"},
        {"AnswerNeverEnds", kCalls, endless(kHead + "\r\n", std::string(4000, ' ')), kBad,
         "longer than 4096 bytes"},
        {"APageTokenThatRepeats",
         {Asked::kList, Asked::kPush},
         returns(R"({"tasks":[],"configs":[],"nextPageToken":"again"})"),
         kBad,
         "repeats a page token"},
        {"PagesWithoutEnd",
         {Asked::kList, Asked::kPush},
         &returns_another_page,
         kBad,
         "pages led to nothing but the next one"},
    };
}

std::vector<BadServer> bad_errors() {
    const std::vector<std::string> rpc{"JSONRPC"};
    const std::vector<std::string> rest{"HTTP+JSON"};
    return {
        {"AnErrorOfAnotherType", kAll,
         answers("200 OK", R"({"jsonrpc":"2.0","id":1,"error":"no"})"), ErrorCode::kInternal,
         "gave no reason", rpc},
        {"AnErrorOfAnUnknownCode", kAll,
         answers("200 OK", R"({"jsonrpc":"2.0","id":1,"error":{"code":-5,"message":"odd"}})"),
         ErrorCode::kInternal, "odd", rpc},
        {"AnErrorOfAnUnknownReason", kAll,
         answers("400 Bad Request", R"({"error":{"code":400,"message":"odd","details":[)"
                                    R"({"reason":"BAD_MOOD"}]}})"),
         ErrorCode::kInvalidParams, "odd", rest},
        {"Status404WithoutAReason", kAll, answers("404 Not Found", "<html></html>", "text/html"),
         kBad, "HTTP status 404", rpc},
        {"Status500", kAll, answers("500 Oops", "Oops", "text/plain"), ErrorCode::kInternal,
         "HTTP status 500"},
        {"Status502", kAll, answers("502 Bad Gateway", "<html>", "text/html"), kGone,
         "HTTP status 502"},
        {"Status503AgainAndAgain", kAll, answers("503 Busy", "", "text/plain"), kGone,
         "HTTP status 503"},
        {"Status429AgainAndAgain", kAll, answers("429 Slow Down", "", "text/plain"),
         ErrorCode::kResourceExhausted, "HTTP status 429"},
        {"Status401", kAll, answers("401 Unauthorized", ""), ErrorCode::kUnauthenticated,
         "HTTP status 401"},
        {"Status403", kAll, answers("403 Forbidden", ""), ErrorCode::kPermissionDenied,
         "HTTP status 403"},
        {"ARedirect", kAll,
         says("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
         kBad, "HTTP status 302"},
        {"ARetryAfterThatIsTooLong", kAll,
         says(
             "HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n"),
         kGone, "HTTP status 503"},
    };
}

std::vector<BadServer> bad_transports() {
    return {
        {"BytesThatAreNotHttp", kAll, says("SSH-2.0-OpenSSH_9.2\r\n"), kGone, "no answer from"},
        {"BytesThatAreZero", kAll, says(std::string(100, '\0') + "\r\n\r\n"), kGone,
         "no answer from"},
        {"NoAnswer", kAll, &closes, kGone, "no answer from"},
        {"AReset", kAll, &resets, kGone, "no answer from"},
        {"HeadersAreCutOff", kAll, says("HTTP/1.1 200 OK\r\nContent-Ty"), kGone, "no answer from"},
        {"HeadersWithoutEnd", kAll, endless("HTTP/1.1 200 OK\r\n", kFiller), kBad,
         "headers are longer than"},
        {"PreliminaryAnswersWithoutEnd", kAll, endless("", "HTTP/1.1 100 Continue\r\n\r\n"), kBad,
         "headers are longer than"},
        {"AnswerEndsBeforeItsLength", kCalls, says(kHead + "Content-Length: 1000\r\n\r\n{"), kGone,
         "no answer from"},
        {"LengthIsNotANumber", kAll, says(kHead + "Content-Length: many\r\n\r\n{}"), kGone,
         "no answer from"},
        {"ChunksAreGarbage", kCalls, says(kHead + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
         kGone, "no answer from"},
        {"TrailersWithoutEnd", kCalls,
         endless(kHead + "Transfer-Encoding: chunked\r\n\r\n0\r\n", kFiller), kBad,
         "headers are longer than"},
        {"Silence", kCalls, stalls(), kGone, "no answer from", kBoth, &impatient},
        {"SilenceWithinTheHeaders", kCalls, stalls("HTTP/1.1 200 OK\r\n"), kGone, "no answer from",
         kBoth, &impatient},
        {"SilenceWithinTheBody", kCalls, stalls(kHead + "Content-Length: 1000\r\n\r\n{"), kGone,
         "no answer from", kBoth, &impatient},
        {"HeadersByteByByte", kCalls, trickles("HTTP/1.1 200 OK\r\nX-Slow: ", "x"), kGone,
         "no answer from", kBoth, &impatient},
        {"BodyByteByByte", kCalls, trickles(kHead + "\r\n", " "), kGone, "no answer from", kBoth,
         &impatient},
        {"HeadersOfAStreamByteByByte", kStreams, trickles("HTTP/1.1 200 OK\r\nX-Slow: ", "x"),
         kGone, "nothing came from", kBoth, &impatient},
        {"JsonByteByByteInsteadOfAStream", kStreams, trickles(kHead + "\r\n", " "), kGone,
         "did not end its answer within 50 ms", kBoth, &never_idle},
        {"SilenceInsteadOfAStream", kStreams, stalls(), kGone, "nothing came from", kBoth,
         &impatient},
        {"SilenceAfterTheHeadOfAStream", kStreams, stalls(kStreamHead), kGone, "nothing came from",
         kBoth, &impatient},
    };
}

std::vector<BadServer> bad_streams() {
    const std::string event = "an event of the stream can't be read";
    return {
        {"JsonInsteadOfAStream", kStreams, returns(kWorking), kBad,
         "'application/json' instead of text/event-stream"},
        {"AStreamOfAnotherType", kStreams, answers("200 OK", "data: {}\n\n", "text/plain"), kBad,
         ""},
        {"JsonWithoutEndInsteadOfAStream", kStreams,
         endless(kHead + "\r\n", std::string(4000, ' ')), kBad, ""},
        {"AStreamWithoutEvents", kStreams, streams({}), kGone, "could not be resumed"},
        {"AnEventThatIsNotJson", kStreams, streams_bytes("<html>"), kBad, ""},
        {"AnEventThatIsNotUtf8", kStreams, streams({"{\"task\":{\"id\":\"\xC3\x28\"}}"}), kBad, ""},
        {"AnEventThatIsEmpty", kStreams, streams({"{}"}), kBad, event},
        {"AnEventOfAnotherType", kStreams, streams({R"({"task":[1]})"}), kBad, event},
        {"AnEventThatIsNestedTooDeeply", kStreams, streams({std::string(4000, '[')}), kBad, ""},
        {"AnErrorAfterAnEvent", kStreams,
         in_turn({[](const ScriptedRequest& request, ScriptedConnection& connection) {
             connection.begin_stream();
             connection.send_event("", result_for(request, kWorking));
             const std::string error = R"("error":{"code":-32603,"message":"out of luck"}})";
             connection.send_event("", R"({"jsonrpc":"2.0","id":1,)" + error);
         }}),
         ErrorCode::kInternal, "out of luck"},
        {"ALineWithoutEnd", kStreams, endless(kStreamHead + "data: ", std::string(4000, 'x')), kBad,
         "larger than 4096 bytes"},
        {"AnEventOfLinesWithoutEnd", kStreams, endless(kStreamHead, "data:\n"), kBad,
         "larger than 4096 bytes"},
        {"AnIdWithoutEnd", kStreams, endless(kStreamHead + "id: ", std::string(4000, 'x')), kBad,
         "larger than 4096 bytes"},
        {"TheSameEventAndAnEndForEver", kStreams, streams({kWorking}), kGone,
         "could not be resumed"},
        {"SilenceAfterAnEvent", kStreams,
         in_turn({[](const ScriptedRequest& request, ScriptedConnection& connection) {
                      connection.begin_stream();
                      connection.send_event("", result_for(request, kWorking));
                      connection.wait_for_close();
                  },
                  stalls()}),
         kGone, "for 50 ms", kBoth, &impatient},
    };
}

class BadServerTest : public ::testing::TestWithParam<BadServer> {};

TEST_P(BadServerTest, IsOneClearError) {
    const BadServer& bad = GetParam();
    for (const std::string& binding : bad.bindings) {
        for (const Asked asked : bad.asked) {
            expect_one_error(bad.script, binding, bad.options(), asked, bad.code, bad.message);
        }
    }
}

std::string name_of(const ::testing::TestParamInfo<BadServer>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Answers, BadServerTest, ::testing::ValuesIn(bad_answers()), name_of);
INSTANTIATE_TEST_SUITE_P(Errors, BadServerTest, ::testing::ValuesIn(bad_errors()), name_of);
INSTANTIATE_TEST_SUITE_P(Transports, BadServerTest, ::testing::ValuesIn(bad_transports()), name_of);
INSTANTIATE_TEST_SUITE_P(Streams, BadServerTest, ::testing::ValuesIn(bad_streams()), name_of);

}  // namespace
}  // namespace a2akit::client
