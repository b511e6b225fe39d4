// Servers of gRPC that no client deserves, in one table: what a server sends in answer to a call,
// and the one error that the call ends in. tests/unit/client/bad_servers_test.cpp is the table of
// the other bindings. The frames of HTTP/2 are written by hand: no library would send them.

#include "support/client_calls.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::rpc {
namespace {

using test_support::Asked;
using test_support::endless;
using test_support::expect_one_error;
using ::testing::HasSubstr;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;
using Script = ScriptedServer::Script;

// -- HTTP/2 by hand -------------------------------------------------------------------------------

enum Kind : char {
    kData = 0,
    kHeaders = 1,
    kReset = 3,
    kSettings = 4,
    kGoAway = 7,
    kContinued = 9
};
enum Flags : char { kNone = 0, kEndStream = 1, kEndHeaders = 4, kEnd = kEndStream | kEndHeaders };

/// A number of so many bytes, the highest first.
std::string number(std::size_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        text += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
    return text;
}

std::size_t read_number(std::string_view bytes) {
    std::size_t value = 0;
    for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
}

std::string frame(Kind kind, char flags, std::size_t stream, std::string_view payload = {}) {
    return number(payload.size(), 3) + static_cast<char>(kind) + flags + number(stream, 4) +
           std::string(payload);
}

/// A header field that no table has, as HPACK writes it. Both texts are shorter than 127 bytes.
std::string field(std::string_view name, std::string_view value) {
    std::string text(1, '\0');
    text += static_cast<char>(name.size());
    text += name;
    text += static_cast<char>(value.size());
    text += value;
    return text;
}

std::string head(const std::string& status, const std::string& type, const std::string& more = {},
                 char flags = kEndHeaders) {
    return frame(kHeaders, flags, 1, field(":status", status) + field("content-type", type) + more);
}

const std::string kHello = frame(kSettings, kNone, 0);
const std::string kHead = head("200", "application/grpc");
const std::string kTrailers = frame(kHeaders, kEnd, 1, field("grpc-status", "0"));

std::string content(std::string_view bytes, char flags = kNone) {
    return frame(kData, flags, 1, bytes);
}

/// With what precedes each message of gRPC.
std::string message(std::string_view bytes) {
    return std::string(1, '\0') + number(bytes.size(), 4) + std::string(bytes);
}

/// A field of protocol buffers that holds bytes.
std::string proto(int tag, std::string_view bytes) {
    return std::string(1, static_cast<char>(tag << 3 | 2)) + static_cast<char>(bytes.size()) +
           std::string(bytes);
}

// -- The table ------------------------------------------------------------------------------------

const std::vector<Asked> kCalls{Asked::kGet, Asked::kSend, Asked::kList};
const std::vector<Asked> kStreams{Asked::kStream, Asked::kSubscribe};
const std::vector<Asked> kAll{Asked::kGet, Asked::kSend, Asked::kList, Asked::kStream,
                              Asked::kSubscribe};

/// These bytes, and then nothing more until the client has gone.
Script sends(std::string bytes) {
    return [bytes = std::move(bytes)](const ScriptedRequest&, ScriptedConnection& connection) {
        connection.send(bytes);
        connection.wait_for_close();
    };
}

/// These frames after the server's greeting.
Script answers(const std::string& frames) { return sends(kHello + frames); }

/// The streams that a client opens, in the order in which it opens them.
class OpenedStreams {
public:
    OpenedStreams(const ScriptedRequest& request, ScriptedConnection& connection)
        : connection_(connection), bytes_(request.body) {
        (void)take(std::string_view("SM\r\n\r\n").size());
    }
    /// Nothing once the client has gone.
    std::optional<std::size_t> next() {
        for (;;) {
            const std::string frame_head = take(9);
            if (frame_head.empty()) return std::nullopt;
            (void)take(read_number(frame_head.substr(0, 3)));
            if (frame_head[3] == kHeaders) return read_number(frame_head.substr(5));
        }
    }

private:
    std::string take(std::size_t size) {
        while (bytes_.size() < size) {
            const std::string more = connection_.receive();
            if (more.empty()) return {};
            bytes_ += more;
        }
        std::string taken = bytes_.substr(0, size);
        bytes_.erase(0, size);
        return taken;
    }

    ScriptedConnection& connection_;
    std::string bytes_;
};

/// The frames of stream 1 as those of another one.
std::string on_stream(std::size_t stream, std::string frames) {
    for (std::size_t at = 0; at < frames.size(); at += 9 + read_number(frames.substr(at, 3))) {
        if (read_number(frames.substr(at + 5, 4)) == 1)
            frames.replace(at + 5, 4, number(stream, 4));
    }
    return frames;
}

/// The same in answer to each call of a client that makes several on one connection.
Script answers_each(const std::string& frames) {
    return [frames](const ScriptedRequest& request, ScriptedConnection& connection) {
        connection.send(kHello);
        OpenedStreams opened(request, connection);
        while (const auto stream = opened.next()) connection.send(on_stream(*stream, frames));
    };
}

void closes(const ScriptedRequest&, ScriptedConnection&) {}

ClientOptions small() {
    ClientOptions options;
    options.bindings = {"GRPC"};
    options.retry.first_delay = Duration(1);
    options.retry.max_delay = Duration(1);
    options.retry.attempts = 2;
    options.max_event_bytes = 4096;
    options.max_answer_bytes = 4096;
    return options;
}

/// For servers that answer one request per connection.
ClientOptions once() {
    ClientOptions options = small();
    options.retry.attempts = 1;
    return options;
}

/// For servers that would be waited for.
ClientOptions impatient() {
    ClientOptions options = once();
    options.call_timeout = Duration(50);
    options.send_timeout = Duration(50);
    options.stream_idle_timeout = Duration(50);
    return options;
}

struct BadServer {
    std::string name;
    std::vector<Asked> asked;
    Script script;
    ErrorCode code = ErrorCode::kInvalidAgentResponse;
    std::string message;  ///< A part of the error's message.
    ClientOptions (*options)() = &small;
};

void PrintTo(const BadServer& server, std::ostream* out) { *out << server.name; }

constexpr auto kBad = ErrorCode::kInvalidAgentResponse;
constexpr auto kGone = ErrorCode::kUnavailable;

std::vector<BadServer> bad_connections() {
    return {
        {"NoConnection", kAll, &closes, kGone, "no answer from"},
        {"BytesThatAreNotHttp2", kAll, sends(std::string(100, '\xFF')), kGone, "no answer from"},
        {"Http1InsteadOfHttp2", kAll, sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
         kGone, "no answer from"},
        {"AFrameOf16Megabytes", kAll, answers(number(0xFFFFFF, 3) + std::string(6, '\0')), kGone,
         "no answer from"},
        {"HeadersThatAreNotHpack", kAll,
         answers(frame(kHeaders, kEndHeaders, 1, std::string(20, '\xFF'))), kGone,
         "no answer from"},
        {"HeadersWithoutEnd", kAll,
         endless(kHello + frame(kHeaders, kNone, 1, field(":status", "200")),
                 frame(kContinued, kNone, 1, field("x-filler", std::string(120, 'x')))),
         kGone, "no answer from"},
        {"AStreamThatIsReset", kAll, answers_each(frame(kReset, kNone, 1, number(2, 4))), kGone,
         "no answer from"},
        {"AGoodbye", kAll, answers(frame(kGoAway, kNone, 0, number(0, 4) + number(11, 4))), kGone,
         "no answer from"},
        {"Silence", kCalls, answers(""), kGone, "no answer from", &impatient},
        {"SilenceWithinAMessage", kCalls, answers(kHead + content(message("xyz").substr(0, 6))),
         kGone, "no answer from", &impatient},
        {"SilenceInsteadOfAStream", kStreams, answers(""), kGone, "nothing came from", &impatient},
        {"SilenceAfterTheHeadOfAStream", kStreams, answers(kHead), kGone, "nothing came from",
         &impatient},
    };
}

std::vector<BadServer> bad_statuses() {
    const auto ended_with = [](const std::string& status, const std::string& more = {}) {
        return answers(head("200", "application/grpc", field("grpc-status", status) + more, kEnd));
    };
    return {
        {"AnotherContentType", kAll,
         answers(head("200", "text/html") + content("<html>", kEndStream)), kBad, "'text/html'"},
        {"AStatusOfHttp", kAll, answers(head("404", "text/html", {}, kEnd)), kBad, "status 404"},
        {"AStatusOfHttpThatIsAMoments", kAll, answers(head("502", "text/html", {}, kEnd)), kGone,
         "status 502", &once},
        {"AStatusThatIsNotANumber", kAll, ended_with("fine"), ErrorCode::kInternal,
         "gave no reason"},
        {"AStatusThatIsUnknown", kAll, ended_with("99"), ErrorCode::kInternal, "gave no reason"},
        {"AStatusThatIsNegative", kAll, ended_with("-1"), ErrorCode::kInternal, "gave no reason"},
        {"DetailsThatAreNotBase64", kAll,
         ended_with("5",
                    field("grpc-message", "not there") + field("grpc-status-details-bin", "?!?")),
         ErrorCode::kTaskNotFound, "not there"},
        {"AMessageWithAHalfEscape", kAll, ended_with("3", field("grpc-message", "bad %F")),
         ErrorCode::kInvalidParams, "bad %F"},
        {"NoStatus", kCalls, answers(kHead + content(message(""), kEndStream)), kBad,
         "it has no grpc-status"},
        {"NoStatusAfterAStream", kStreams, answers_each(kHead + content("", kEndStream)), kGone,
         "without the status that ends a call"},
        {"SuccessWithoutAStream", kStreams, ended_with("0"), kBad, "ends before the first event"},
    };
}

std::vector<BadServer> bad_messages() {
    const std::string event = message(proto(1, proto(1, "t1")));  // a task of no known state
    return {
        {"BytesThatAreNotTheMessage", kCalls,
         answers(kHead + content(message("\xFF\xFF\xFF")) + kTrailers), kBad, "can't be read"},
        {"TextThatIsNotUtf8",
         {Asked::kGet},
         answers(kHead + content(message(proto(1, "\xC3\x28"))) + kTrailers),
         kBad,
         "can't be read"},
        {"AnEmptyMessage",
         {Asked::kSend},
         answers(kHead + content(message("")) + kTrailers),
         kBad,
         ""},
        {"NoMessage", kCalls, answers(kHead + kTrailers), kBad, "it holds no message"},
        {"AMessageThatIsCutOff", kCalls,
         answers(kHead + content(message("xyz").substr(0, 6)) + kTrailers), kBad, ""},
        {"TwoMessages", kCalls, answers(kHead + content(message("") + message("")) + kTrailers),
         kBad, "more than one message"},
        {"ACompressedMessage", kAll, answers(kHead + content({"\1\0\0\0\1x", 6}) + kTrailers), kBad,
         "compressed"},
        {"AMessageThatClaims4Gigabytes", kAll,
         answers(kHead + content({"\0\xFF\xFF\xFF\xFFx", 6}) + kTrailers), kBad, "longer than"},
        {"AMessageThatIsTooLong", kCalls,
         answers(kHead + content(message(std::string(5000, 'x'))) + kTrailers), kBad,
         "longer than 4096 bytes"},
        {"AnswerNeverEnds", kCalls, endless(kHello + kHead, content(std::string(4000, '\0'))), kBad,
         "longer than 4096 bytes"},
        {"APageTokenThatRepeats",
         {Asked::kList},
         answers_each(kHead + content(message(proto(2, "again"))) + kTrailers),
         kBad,
         "never ends"},
        {"AnEventThatCannotBeRead", kStreams, answers(kHead + content(message("\xFF"))), kBad,
         "can't be read"},
        {"AnEventThatIsEmpty", kStreams, answers(kHead + content(message(""))), kBad,
         "it holds no task, message or update"},
        {"AStreamThatEndsWithinAnEvent", kStreams,
         answers_each(kHead + content("\0\0\0\0") + kTrailers), kGone, ""},
        {"TheSameEventAndAnEndForEver", kStreams, answers_each(kHead + content(event) + kTrailers),
         kGone, "could not be resumed"},
        {"AnErrorAfterAnEvent", kStreams,
         answers(kHead + content(event) +
                 frame(kHeaders, kEnd, 1,
                       field("grpc-status", "13") + field("grpc-message", "out of luck"))),
         ErrorCode::kInternal, "out of luck"},
    };
}

class BadGrpcServerTest : public ::testing::TestWithParam<BadServer> {};

TEST_P(BadGrpcServerTest, IsOneClearError) {
    const BadServer& bad = GetParam();
    for (const Asked asked : bad.asked) {
        expect_one_error(bad.script, "GRPC", bad.options(), asked, bad.code, bad.message);
    }
}

std::string name_of(const ::testing::TestParamInfo<BadServer>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Connections, BadGrpcServerTest, ::testing::ValuesIn(bad_connections()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Statuses, BadGrpcServerTest, ::testing::ValuesIn(bad_statuses()), name_of);
INSTANTIATE_TEST_SUITE_P(Messages, BadGrpcServerTest, ::testing::ValuesIn(bad_messages()), name_of);

}  // namespace
}  // namespace a2akit::rpc
