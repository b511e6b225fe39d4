#pragma once

#include <optional>
#include <string>
#include <vector>

struct redisContext;

namespace a2akit::test_support {

/// A Redis of this test program's own, which tests/support/redis_server.py starts and stops.
class RedisServer {
public:
    /// Nothing when the server's binary is not installed. `arguments`: of that script.
    [[nodiscard]] static std::optional<RedisServer> start(
        const std::vector<std::string>& arguments = {});
    RedisServer(RedisServer&& other) noexcept;
    RedisServer& operator=(RedisServer&&) = delete;
    ~RedisServer();

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] int port() const;
    /// Its URL with a key prefix that no other test uses.
    [[nodiscard]] std::string fresh_url() const;

    /// Killed, and started again without its data.
    void restart() const { tell("restart"); }
    void kill() const { tell("stop"); }
    void start_again() const { tell("start"); }
    /// It accepts connections and answers nothing until `resume`.
    void pause() const { tell("pause"); }
    void resume() const { tell("resume"); }

private:
    RedisServer() = default;
    void tell(const std::string& line) const;

    std::string url_;
    int process_ = -1;
    int input_ = -1;
    int output_ = -1;
};

/// A test's own connection to a server without TLS.
class RedisClient {
public:
    explicit RedisClient(int port);
    ~RedisClient();
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;

    /// The reply as text: integers in digits, an array's elements each on a line, nil as nothing.
    /// Throws std::runtime_error with what the server said.
    std::string run(const std::vector<std::string>& words);
    long long number(const std::vector<std::string>& words);

private:
    redisContext* const context_;
};

/// For `main` of a test program: starts the server, runs the tests, stops it. Without the binary
/// the program is skipped, loudly (77), and fails where CI is true.
int run_with_redis(int argc, char** argv);
/// REQUIRES: called by a test of such a program.
[[nodiscard]] const RedisServer& redis_server();

}  // namespace a2akit::test_support
