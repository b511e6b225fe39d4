// Files that are read from disk while they are sent.

#include "client/file_body.hpp"
#include "json/scalars.hpp"
#include "support/temporary_directory.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace a2akit::client {
namespace {

using test_support::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ScriptedConnection;
using testing::ScriptedRequest;
using testing::ScriptedServer;

constexpr std::size_t kPieceBytes = 45U << 10U;
constexpr const char* kAnswer =
    R"({"task":{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_COMPLETED"}}})";

void write(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::string bytes_of_length(std::size_t length) {
    std::string bytes(length, '\0');
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
    return bytes;
}

std::string base64(const std::string& bytes) {
    std::string text;
    json::append_base64(text, bytes);
    return text;
}

Error error_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.error();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

/// The whole body, read in pieces of this many bytes at most.
std::string read_all(BodyReader& reader, std::size_t capacity) {
    std::string all;
    std::string piece(capacity, '\0');
    while (true) {
        const auto count = reader.read(piece.data(), capacity);
        if (!count) return count.error().message;
        if (*count == 0) return all;
        all.append(piece, 0, *count);
    }
}

TEST(BodyReaderTest, GivesTheBodyWithTheFilesInIt) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("file");
    for (const std::size_t length :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{3}, kPieceBytes - 1,
          kPieceBytes, kPieceBytes + 1, 2 * kPieceBytes}) {
        const std::string content = bytes_of_length(length);
        write(path, content);
        const std::string body = "[\"\",\"\"]";
        const std::vector<BodyFile> files{{2, path, length}, {5, path, length, true}};
        const std::string whole =
            "[\"" + base64(content) + "\",\"" + base64(base64(content)) + "\"]";
        BodyReader reader(body, files);
        EXPECT_EQ(reader.size(), whole.size());
        EXPECT_EQ(read_all(reader, 1000), whole) << length;
        reader.rewind();
        EXPECT_EQ(read_all(reader, 100'000), whole) << length;
    }
}

TEST(BodyReaderTest, RefusesAFileThatHasChangedItsSize) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("file");
    const std::string body;
    const std::vector<BodyFile> files{{0, path, kPieceBytes + 10}};
    for (const std::size_t length :
         {std::size_t{0}, kPieceBytes, kPieceBytes + 9, kPieceBytes + 11}) {
        write(path, bytes_of_length(length));
        BodyReader reader(body, files);
        EXPECT_THAT(read_all(reader, 1000), HasSubstr("has changed its size since")) << length;
    }
}

TEST(BodyReaderTest, RefusesAFileThatChangesItsSizeWhileItIsRead) {
    const TemporaryDirectory directory;
    const std::string path = directory.file("file");
    const std::string body;
    const std::vector<BodyFile> files{{0, path, 2 * kPieceBytes}};
    for (const std::size_t length : {kPieceBytes + 1, 3 * kPieceBytes}) {
        write(path, bytes_of_length(2 * kPieceBytes));
        BodyReader reader(body, files);
        char first = '\0';
        ASSERT_TRUE(reader.read(&first, 1));
        std::filesystem::resize_file(path, length);
        EXPECT_THAT(read_all(reader, 1000), HasSubstr("has changed its size since")) << length;
    }
}

class LocalFileTest : public ::testing::Test {
protected:
    /// A server that keeps the body of each request, and refuses the first `refusals` for now.
    explicit LocalFileTest(int refusals = 0)
        : server_([this, refusals](const ScriptedRequest& request, ScriptedConnection& connection) {
              bodies_.push_back(request.body);
              if (static_cast<int>(request.number) >= refusals) {
                  connection.respond("200 OK", "application/json", kAnswer);
                  return;
              }
              if (on_refusal_) on_refusal_();
              connection.respond("503 Service Unavailable", "application/json", "{}");
          }) {}

    Client client(ClientOptions options = {}) {
        options.retry.first_delay = Duration(1);
        return Client(parse_card(server_.card("HTTP+JSON")), std::move(options));
    }

    TemporaryDirectory directory_;
    std::string path_ = directory_.file("report.csv");
    std::function<void()> on_refusal_;
    std::vector<std::string> bodies_;  ///< One request at a time.
    ScriptedServer server_;
};

class RefusedOnceTest : public LocalFileTest {
protected:
    RefusedOnceTest() : LocalFileTest(1) {}
};

TEST_F(LocalFileTest, KeepsTheOrderOfThePartsAndTheNamesOfTheFiles) {
    const std::string content = bytes_of_length(100'000);
    write(path_, content);
    write(directory_.file("empty"), "");
    (void)client().send_parts({LocalFile{path_}, Part::from_text("between"),
                               LocalFile{directory_.file("empty"), "image/png", "empty.png"}});
    ASSERT_EQ(bodies_.size(), 1U);
    const std::string parts =
        R"("parts":[{"raw":")" + base64(content) +
        R"(","filename":"report.csv","mediaType":"text/csv"},{"text":"between"},)" +
        R"({"raw":"","filename":"empty.png","mediaType":"image/png"}])";
    EXPECT_THAT(bodies_[0], HasSubstr(parts));
    EXPECT_THAT(bodies_[0], Not(HasSubstr("file/streamed")));
}

TEST_F(LocalFileTest, AddsThePartsToAMessage) {
    write(path_, "abc");
    Message message;
    message.context_id = "c7";
    (void)client().send_parts({LocalFile{path_}}, {}, message);
    EXPECT_THAT(bodies_.at(0), HasSubstr(R"("contextId":"c7")"));
    EXPECT_THAT(bodies_.at(0), HasSubstr(R"("raw":"YWJj")"));
}

TEST_F(RefusedOnceTest, ReadsTheFileAgainForARepeat) {
    write(path_, "abc");
    (void)client().send_parts({LocalFile{path_}});
    ASSERT_EQ(bodies_.size(), 2U);
    EXPECT_EQ(bodies_[0], bodies_[1]);
    EXPECT_THAT(bodies_[1], HasSubstr(R"("raw":"YWJj")"));
}

TEST_F(RefusedOnceTest, DoesNotRepeatWithAFileThatHasChangedItsSize) {
    write(path_, "abc");
    on_refusal_ = [&] { write(path_, "abcd"); };
    const Error error = error_of([&] { (void)client().send_parts({LocalFile{path_}}); });
    EXPECT_EQ(error.code, ErrorCode::kInvalidParams);
    EXPECT_THAT(error.message, HasSubstr("had 3 bytes when the call began"));
    EXPECT_EQ(server_.requests(), 1U);
}

TEST_F(LocalFileTest, SendsNothingWhenAFileCannotBeRead) {
    for (const std::string& path :
         {directory_.path(), directory_.file("none"), std::string("/dev/null")}) {
        const Error error = error_of([&] { (void)client().stream_parts({LocalFile{path}}); });
        EXPECT_EQ(error.code, ErrorCode::kInvalidParams);
        EXPECT_THAT(error.message, HasSubstr(path + " is not a file that can be read"));
    }
    EXPECT_EQ(server_.requests(), 0U);
}

TEST_F(LocalFileTest, InterceptorsSeeAPlaceholder) {
    class Keeper final : public Interceptor {
    public:
        AsyncResult<void> before(ClientRequest& request) override {
            body = request.body;
            if (removes_place) request.body.clear();
            return Result<void>();
        }
        std::string body;
        bool removes_place = false;
    };
    const auto keeper = std::make_shared<Keeper>();
    ClientOptions options;
    options.interceptors = {keeper};
    write(path_, "abc");
    (void)client(options).send_parts({LocalFile{path_}});
    EXPECT_THAT(keeper->body, HasSubstr(R"("raw":"file/streamed/from/disk/)"));
    EXPECT_THAT(bodies_.at(0), HasSubstr(R"("raw":"YWJj")"));

    keeper->removes_place = true;
    const Error error = error_of([&] { (void)client(options).send_parts({LocalFile{path_}}); });
    EXPECT_EQ(error.code, ErrorCode::kInvalidParams);
    EXPECT_THAT(error.message, HasSubstr("an interceptor changed its place"));
}

TEST(LoadFilesTest, RefusesMoreBytesThanOneMessageMayCarry) {
    const TemporaryDirectory directory;
    write(directory.file("a"), "12345");
    Message message;
    const auto files =
        place_files({LocalFile{directory.file("a")}, LocalFile{directory.file("a")}}, message);
    ASSERT_TRUE(files);
    const auto refused = load_files(*files, message, 9);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
    EXPECT_THAT(refused.error().message, HasSubstr("have 10 bytes"));
    ASSERT_TRUE(load_files(*files, message, 10));
    for (const Part& part : message.parts)
        EXPECT_EQ(std::get<RawContent>(part.content).bytes, "12345");
}

/// Takes one request, counts the bytes of its body and keeps none of them.
class Sink {
public:
    Sink() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener_, 1);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        counted_ = std::async(std::launch::async, [this] { return serve(); });
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() {
        ::shutdown(listener_, SHUT_RDWR);  // ends an `accept` that is still waiting
        if (counted_.valid()) counted_.wait();
        ::close(listener_);
    }

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::size_t body_bytes() { return counted_.get(); }

private:
    std::size_t serve() const {
        const int connection = ::accept(listener_, nullptr, nullptr);
        std::string head;
        std::vector<char> buffer(1U << 16U);
        std::size_t body = 0;
        std::size_t expected = 1;
        while (body < expected) {
            const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
            if (count <= 0) break;
            body += static_cast<std::size_t>(count);
            if (expected != 1) continue;
            head.append(buffer.data(), static_cast<std::size_t>(count));
            const std::size_t end = head.find("\r\n\r\n");
            if (end == std::string::npos) continue;
            body = head.size() - end - 4;
            expected = std::stoul(head.substr(head.find("Content-Length: ") + 16));
        }
        const std::string answer =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
            std::to_string(std::string_view(kAnswer).size()) + "\r\n\r\n" + kAnswer;
        (void)!::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(connection);
        return body;
    }

    int listener_;
    std::uint16_t port_ = 0;
    std::future<std::size_t> counted_;
};

std::size_t peak_memory_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
    }
    return 0;
}

TEST(LocalFileMemoryTest, ALargeFileIsNeverHeldInMemory) {
    constexpr std::size_t kMiB = 1U << 20U;
    const TemporaryDirectory directory;
    const std::string path = directory.file("large");
    write(path, "");
    std::filesystem::resize_file(path, 64 * kMiB);  // a hole: it takes no room on the disk
    Sink sink;
    AgentCard card;
    card.name = "sink";
    card.supported_interfaces = {{sink.url(), "HTTP+JSON", {}, "1.0"}};
    const std::size_t before = peak_memory_kib();
    (void)Client(card).send_parts({LocalFile{path}});
    EXPECT_GT(sink.body_bytes(), 64 * kMiB / 3 * 4);
    EXPECT_LT(peak_memory_kib() - before, 16U * 1024);
}

}  // namespace
}  // namespace a2akit::client
