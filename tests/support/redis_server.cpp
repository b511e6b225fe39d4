#include "support/redis_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace a2akit::test_support {
namespace {

const RedisServer* running = nullptr;

std::string read_line(int from) {
    std::string line;
    for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) line += c;
    return line;
}

std::string text_of(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_ERROR) throw std::runtime_error(reply.str);
    if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
    if (reply.type != REDIS_REPLY_ARRAY)
        return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
    std::string text;
    for (std::size_t i = 0; i < reply.elements; ++i) text += text_of(*reply.element[i]) + '\n';
    return text;
}

}  // namespace

std::optional<RedisServer> RedisServer::start(const std::vector<std::string>& arguments) {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (::pipe2(input.data(), O_CLOEXEC) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
        std::abort();
    std::vector<const char*> words{"python3", A2AKIT_REDIS_SERVER_SCRIPT};
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    words.push_back(nullptr);
    const int process = ::fork();
    if (process == 0) {
        ::dup2(input[0], STDIN_FILENO);
        ::dup2(output[1], STDOUT_FILENO);
        ::execvp("python3", const_cast<char* const*>(words.data()));
        ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    RedisServer server;
    server.process_ = process;
    server.input_ = input[1];
    server.output_ = output[0];
    server.url_ = read_line(output[0]);
    if (server.url_.empty()) return std::nullopt;
    return server;
}

RedisServer::RedisServer(RedisServer&& other) noexcept
    : url_(std::move(other.url_)),
      process_(std::exchange(other.process_, -1)),
      input_(std::exchange(other.input_, -1)),
      output_(std::exchange(other.output_, -1)) {}

RedisServer::~RedisServer() {
    if (process_ < 0) return;
    ::close(input_);  // which ends it
    ::waitpid(process_, nullptr, 0);
    ::close(output_);
}

int RedisServer::port() const { return std::stoi(url_.substr(url_.rfind(':') + 1)); }

std::string RedisServer::fresh_url() const {
    static std::atomic<int> count{0};
    return url_ + (url_.find('?') == std::string::npos ? "?" : "&") + "prefix=test_" +
           std::to_string(count.fetch_add(1)) + ":";
}

void RedisServer::tell(const std::string& line) const {
    const std::string sent = line + "\n";
    if (::write(input_, sent.data(), sent.size()) != static_cast<ssize_t>(sent.size()) ||
        read_line(output_) != "ok") {
        throw std::runtime_error("the Redis of the tests does not obey: " + line);
    }
}

RedisClient::RedisClient(int port) : context_(::redisConnect("127.0.0.1", port)) {
    if (context_ == nullptr || context_->err != 0)
        throw std::runtime_error("the Redis of the tests does not answer");
}

RedisClient::~RedisClient() { ::redisFree(context_); }

std::string RedisClient::run(const std::vector<std::string>& words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string& word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    const std::unique_ptr<redisReply, decltype(&::freeReplyObject)> reply(
        static_cast<redisReply*>(::redisCommandArgv(context_, static_cast<int>(texts.size()),
                                                    texts.data(), lengths.data())),
        &::freeReplyObject);
    if (!reply) throw std::runtime_error(context_->errstr);
    return text_of(*reply);
}

long long RedisClient::number(const std::vector<std::string>& words) {
    return std::stoll(run(words));
}

const RedisServer& redis_server() { return *running; }

int run_with_redis(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
    const auto server = RedisServer::start();
    if (!server) {
        const char* ci = std::getenv("CI");
        const bool required = ci != nullptr && std::string_view(ci) == "true";
        std::fprintf(
            stderr,
            "%s: no Redis server could be started (Debian: redis-server); its tests did NOT run\n",
            required ? "FAILED" : "SKIPPED");
        return required ? EXIT_FAILURE : 77;
    }
    running = &*server;
    return RUN_ALL_TESTS();
}

}  // namespace a2akit::test_support
