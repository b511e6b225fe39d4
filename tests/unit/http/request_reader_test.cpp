#include "http/request_reader.hpp"

#include "http/response.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace a2akit::http {
namespace {

using Step = RequestReader::Step;

/// Feeds all, in as many pieces as the reader has room for; goes on until more is needed, or it is
/// over.
Step read_into(RequestReader& reader, std::string_view bytes, int* heads = nullptr) {
    Step step = Step::kMore;
    while (!bytes.empty()) {
        const auto room = reader.space();
        const std::size_t part = std::min(room.size(), bytes.size());
        std::memcpy(room.data(), bytes.data(), part);
        reader.received(part);
        bytes.remove_prefix(part);
        step = reader.advance();
        if (step == Step::kHead) {
            if (heads != nullptr) ++*heads;
            step = reader.advance();
        }
        if (step == Step::kRefused) break;
    }
    return step;
}

class RequestReaderTest : public ::testing::Test {
protected:
    Step read(std::string_view bytes) { return read_into(reader, bytes, &heads); }
    RequestReader reader{{1024, 4096}};
    int heads = 0;
};

TEST_F(RequestReaderTest, ReadsARequestWithItsBody) {
    ASSERT_EQ(
        read(
            "POST /x?y=1 HTTP/1.1\r\nHost: h\r\nContent-LENGTH: 5\r\nX-A: Some Value\r\n\r\nhello"),
        Step::kComplete);
    EXPECT_EQ(heads, 1);
    EXPECT_EQ(reader.method(), "POST");
    EXPECT_EQ(reader.target(), "/x?y=1");
    EXPECT_EQ(reader.body_length(), 5U);
    ASSERT_EQ(reader.headers().size(), 3U);
    EXPECT_EQ(reader.headers()[2], (std::pair<std::string, std::string>("x-a", "Some Value")));
    EXPECT_EQ(reader.body(), "hello");
    EXPECT_TRUE(reader.keep_alive());
}

TEST_F(RequestReaderTest, ByteByByteGivesTheSame) {
    Step step = Step::kMore;
    for (const char c :
         std::string_view("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")) {
        step = read({&c, 1});
    }
    EXPECT_EQ(heads, 1);
    EXPECT_EQ(step, Step::kComplete);
    EXPECT_EQ(reader.body(), "abc");
}

TEST_F(RequestReaderTest, PipelinedRequestsComeOneAfterTheOther) {
    ASSERT_EQ(read("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3"),
              Step::kComplete);
    EXPECT_EQ(reader.target(), "/1");
    reader.next();
    ASSERT_EQ(reader.advance(), Step::kHead);
    EXPECT_EQ(reader.target(), "/2");
    ASSERT_EQ(reader.advance(), Step::kComplete);
    reader.next();
    EXPECT_TRUE(reader.started());
    EXPECT_EQ(reader.advance(), Step::kMore);
}

TEST_F(RequestReaderTest, TakesLittleMoreThanTheBody) {
    RequestReader large{{1024, 1 << 20}};
    const std::string body(600'000, 'x');
    ASSERT_EQ(read_into(large, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 600000\r\n\r\n" +
                                   body + "GET"),
              Step::kComplete);
    EXPECT_EQ(large.body(), body);
    EXPECT_LT(large.memory(), 610'000U);
    large.next();
    EXPECT_LT(large.memory(), 16'000U) << "not kept for three bytes of the next request";
    ASSERT_EQ(read_into(large, " /next HTTP/1.1\r\nHost: h\r\n\r\n"), Step::kComplete);
    EXPECT_EQ(large.target(), "/next");
}

TEST_F(RequestReaderTest, CollectsAChunkedBody) {
    ASSERT_EQ(read("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
              Step::kMore);
    EXPECT_EQ(reader.body_length(), std::nullopt);
    ASSERT_EQ(read("2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\nGET"), Step::kComplete);
    EXPECT_EQ(reader.body(), "abcde");
    EXPECT_EQ(reader.headers().size(), 2U);
    reader.next();
    EXPECT_TRUE(reader.started());
}

TEST_F(RequestReaderTest, ALargeBodyGrowsTheBuffer) {
    RequestReader large{{1024, 1U << 20U}};
    const std::string body(300000, 'b');
    ASSERT_EQ(
        read_into(large, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + body),
        Step::kComplete);
    EXPECT_EQ(large.body(), body);
}

TEST_F(RequestReaderTest, GivesALargeBodyBackAndKeepsWhatCameAfterIt) {
    constexpr std::size_t kLarge = 100'000;
    const std::string next = "GET /next HTTP/1.1\r\nHost: h\r\n\r\n";
    for (const bool more_follows : {false, true}) {
        for (const bool chunked : {false, true}) {
            RequestReader large{{1024, kLarge}};
            const std::string body(kLarge, 'x');
            const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";
            const std::string request =
                chunked
                    ? head + "Transfer-Encoding: chunked\r\n\r\n186A0\r\n" + body + "\r\n0\r\n\r\n"
                    : head + "Content-Length: 100000\r\n\r\n" + body;
            ASSERT_EQ(read_into(large, request + (more_follows ? next : ""), &heads),
                      Step::kComplete);
            ASSERT_EQ(large.body(), body);
            large.drop_body();
            EXPECT_LT(large.memory(), 20'000U);
            EXPECT_EQ(large.method(), "POST");
            large.next();
            if (more_follows) {
                ASSERT_EQ(large.advance(), Step::kHead);
                ASSERT_EQ(large.advance(), Step::kComplete);
            } else {
                ASSERT_EQ(read_into(large, next, &heads), Step::kComplete);
            }
            EXPECT_EQ(large.target(), "/next");
        }
    }
}

TEST_F(RequestReaderTest, NoHeadHoldsTheCharacterNul) {
    const std::string head = "GET /x?y=1 HTTP/1.1\r\nHost: h\r\nX-A: Some Value\r\n\r\n";
    for (std::size_t at = 0; at + 4 < head.size(); ++at) {
        RequestReader fresh({1024, 4096});
        EXPECT_EQ(read_into(fresh, head.substr(0, at) + std::string(1, '\0') + head.substr(at)),
                  Step::kRefused)
            << at;
    }
}

TEST_F(RequestReaderTest, RefusesAHeadThatIsTooLarge) {
    EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
              Step::kRefused);
    EXPECT_EQ(reader.refusal().status, 431);
}

TEST_F(RequestReaderTest, RefusesAHeadThatGrowsTooLargeWithoutEnding) {
    Step step = read("GET / HTTP/1.1\r\n");
    for (int i = 0; i < 200 && step == Step::kMore; ++i) step = read("X: yyyyy\r\n");
    EXPECT_EQ(step, Step::kRefused);
    EXPECT_EQ(reader.refusal().status, 431);
}

TEST_F(RequestReaderTest, RefusesAnEndlessRequestLine) {
    EXPECT_EQ(read("GET /" + std::string(3000, 'a')), Step::kRefused);
    EXPECT_EQ(reader.refusal().status, 431);
}

TEST_F(RequestReaderTest, RefusesAChunkedBodyThatIsTooLarge) {
    Step step = read("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "400\r\n" + std::string(1024, 'c') + "\r\n";
    for (int i = 0; i < 6 && step == Step::kMore; ++i) step = read(chunk);
    EXPECT_EQ(step, Step::kRefused);
    EXPECT_EQ(reader.refusal().status, 413);
}

/// What a head says, or how it is refused.
std::string facts_of(RequestReader& reader, Step step) {
    if (step == Step::kRefused) return std::to_string(reader.refusal().status);
    std::string facts = reader.method() + '\n' + reader.target() + '\n';
    for (const auto& [name, value] : reader.headers())
        facts.append(name).append(": ").append(value).append("\n");
    facts += reader.keep_alive() ? "stays " : "closes ";
    facts += reader.http_1_0() ? "1.0 " : "1.1 ";
    facts += reader.expects_continue() ? "expects " : "";
    return facts + (reader.body_length() ? std::to_string(*reader.body_length()) : "chunked");
}

/// A head that arrives byte by byte is for the parser that knows all of HTTP; one that arrives at
/// once may be read without it.
TEST(PlainHeadTest, AHeadSaysTheSameAtOnceAndByteByByte) {
    const std::string line = "POST / HTTP/1.1\r\n";
    const std::string host = line + "Host: h:80\r\n";
    const std::string heads[] = {
        host,
        host + "Content-Length: 12\r\nConnection: keep-alive\r\n",
        host + "Content-Length: 012\r\n",
        host + "Content-Length:\r\n",
        host + "Content-Length: -1\r\n",
        host + "Content-Length: 1 2\r\n",
        host + "Content-Length: 5, 5\r\n",
        host + "Content-Length: 5\r\nContent-Length: 5\r\n",
        host + "Content-Length: 5\r\nContent-Length: 6\r\n",
        host + "Content-Length: 4097\r\n",
        host + "Content-Length: 99999999999999999999\r\n",
        host + "Connection: close\r\n",
        host + "Connection: Keep-Alive, Upgrade\r\nUpgrade: h2c\r\n",
        host + "Proxy-Connection: close\r\n",
        host + "Transfer-Encoding: chunked\r\n",
        host + "Expect: 100-continue\r\nContent-Length: 3\r\n",
        host + "X-Folded: a\r\n b\r\n",
        host + "X-Empty:\r\nX-Spaces:  \t a\tb \t \r\n",
        host + "X-Far: caf\xc3\xa9\r\n",
        host + "X-Nul: a" + std::string(1, '\0') + "\r\n",
        host + "X-Bell: \a\r\n",
        host + "X Y: a\r\n",
        host + ": a\r\n",
        host + "X-Return: a\rb\r\n",
        host + "Host: h\r\n",
        host + "X: " + std::string(1000, 'x') + "\r\n",
        line,
        line + "HOST: a b\r\n",
        line + "Host:\r\n",
        "GET /a?b#c HTTP/1.0\r\nConnection: keep-alive\r\n",
        "GET http://h/%20 HTTP/1.1\r\nHost: h\r\n",
        "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n",
        "G(T / HTTP/1.1\r\nHost: h\r\n",
        "GET / HTTP/1.2\r\nHost: h\r\n",
        "\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n",
    };
    for (const std::string& lines : heads) {
        const std::string bytes = lines + "\r\n";
        RequestReader whole{{1024, 4096}};
        RequestReader parts{{1024, 4096}};
        const Step at_once = read_into(whole, bytes);
        Step step = Step::kMore;
        for (std::size_t i = 0; i < bytes.size() && step != Step::kRefused; ++i)
            step = read_into(parts, std::string_view(bytes).substr(i, 1));
        EXPECT_EQ(facts_of(whole, at_once), facts_of(parts, step)) << bytes;
    }
}

struct Malformed {
    const char* name;
    const char* bytes;
    int status;
};

class MalformedRequestTest : public RequestReaderTest,
                             public ::testing::WithParamInterface<Malformed> {};

TEST_P(MalformedRequestTest, IsRefused) {
    EXPECT_EQ(read(GetParam().bytes), Step::kRefused);
    EXPECT_EQ(reader.refusal().status, GetParam().status);
    EXPECT_FALSE(reader.refusal().message.empty());
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedRequestTest,
    ::testing::Values(
        Malformed{"NoVersion", "GET /\r\n\r\n", 400},
        Malformed{"OtherProtocol", "GET / SIP/2.0\r\n\r\n", 400},
        Malformed{"Tls", "\x16\x03\x01\x02\x01\x01\x01\r\n\r\n", 400},
        Malformed{"NoHost", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
        Malformed{"TwoHosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        Malformed{"BadHost", "GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n", 400},
        Malformed{"ChunksBefore1Point1", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                  400},
        Malformed{"BadLength", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
        Malformed{"TwoLengths",
                  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                  400},
        Malformed{
            "LengthAndChunks",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400},
        Malformed{
            "ChunksAndLength",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            400},
        Malformed{"Gzip", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
        Malformed{"GzipChunked",
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        Malformed{"Expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", 417},
        Malformed{"SpaceBeforeColon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        Malformed{"BadChunk",
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400}),
    [](const auto& info) { return info.param.name; });

TEST(ResponseTest, AChunkHasItsLengthInFront) {
    std::string out = "head";
    const std::size_t at = begin_chunk(out);
    out += "0123456789abcdefXYZ";
    end_chunk(out, at);
    EXPECT_EQ(out, "head00000013\r\n0123456789abcdefXYZ\r\n");
}

TEST(ResponseTest, TheHeadSaysLengthAndClose) {
    std::string out;
    const wire::HttpResponse response{
        .status = 404, .content_type = "text/plain", .headers = {}, .body = "nothing"};
    append_head(out, response, {.date = "D", .request_id = "r", .close = true});
    EXPECT_EQ(out,
              "HTTP/1.1 404 Not Found\r\nDate: D\r\nX-Request-Id: r\r\nContent-Type: text/plain\r\n"
              "Content-Length: 7\r\nConnection: close\r\n\r\n");
}

TEST(ResponseTest, TheHeadHasOnlyTheLinesThatSaySomething) {
    const auto head_of = [](const wire::HttpResponse& response, const Framing& framing) {
        std::string out = "before";
        append_head(out, response, framing);
        return out;
    };
    const wire::HttpResponse full{
        .status = 200, .content_type = "a/b", .headers = {{"X", "1"}, {"Y", "2"}}, .body = "12"};
    EXPECT_EQ(head_of(full, {.date = "D", .extra = "E: e\r\n", .cors = "C: c\r\n"}),
              "beforeHTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: a/b\r\nX: 1\r\nY: 2\r\nE: e\r\n"
              "C: c\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(head_of(full, {.date = "D", .close = true, .http_1_0 = true, .until_close = true}),
              "beforeHTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: a/b\r\nX: 1\r\nY: 2\r\n"
              "Connection: close\r\n\r\n");
    EXPECT_EQ(head_of(full, {.date = "D", .chunked = true}),
              "beforeHTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: a/b\r\nX: 1\r\nY: 2\r\n"
              "Transfer-Encoding: chunked\r\n\r\n");
    const wire::HttpResponse none{.status = 304, .content_type = {}, .headers = {}, .body = {}};
    EXPECT_EQ(head_of(none, {.date = "D"}), "beforeHTTP/1.1 304 Not Modified\r\nDate: D\r\n\r\n");
    const wire::HttpResponse empty{.status = 200, .content_type = {}, .headers = {}, .body = {}};
    EXPECT_EQ(head_of(empty, {.date = "D"}),
              "beforeHTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 0\r\n\r\n");
}

TEST(ResponseTest, TheDateIsWrittenAsHttpWantsIt) {
    DateLine date;
    EXPECT_EQ(date.now().size(), std::string_view("Tue, 24 Nov 2026 00:10:00 GMT").size());
    EXPECT_TRUE(date.now().ends_with(" GMT"));
}

}  // namespace
}  // namespace a2akit::http
