#pragma once

#include "backends/redis/redis_address.hpp"
#include "backends/redis/redis_request.hpp"
#include "backends/redis/redis_stream.hpp"

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct redisReader;

namespace a2akit::redis {

/// One connection, on which commands are pipelined: what is sent in one turn of the loop leaves in
/// one write, and answers come in the order of the commands. Belongs to one loop; made as a
/// shared_ptr, which what is under way holds.
class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
public:
    explicit RedisConnection(net::AsioLoop& loop);
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;
    ~RedisConnection();

    /// Connects, authenticates and selects the database. kUnavailable, in words for an operator.
    /// Once.
    AsyncResult<void> open(const RedisAddress& address);
    /// Its outcome is the reply, which may be an error of the server's. Fails immediately when the
    /// connection is closed.
    void send(RedisRequest& request);
    /// The same from a coroutine on this loop, with the server's error as error.
    AsyncResult<RedisReply> ask(RedisCommand command, Duration within);
    /// Called with messages on subscribed channels.
    using OnMessage = std::function<void(std::string_view payload)>;
    void on_message(OnMessage on_message) { on_message_ = std::move(on_message); }
    /// Ends it; what is under way fails with `error`, and `closed` is raised.
    void close(const Error& error);

    [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }
    [[nodiscard]] Signal& closed() noexcept { return closed_; }

private:
    enum class State { kFresh, kOpen, kClosed };
    struct Flush : Work {
        explicit Flush(RedisConnection& c) noexcept
            : Work([](Work& work) noexcept {
                  const auto self = std::move(static_cast<Flush&>(work).keep);
                  self->flush();
              }),
              connection(c) {}
        RedisConnection& connection;
        std::shared_ptr<RedisConnection> keep;  ///< Set while posted.
    };
    struct Watch : Timer {
        explicit Watch(RedisConnection& c) noexcept
            : Timer([](Timer& timer) noexcept {
                  static_cast<Watch&>(timer).connection.look_for_overdue();
              }),
              connection(c) {}
        RedisConnection& connection;
    };
    struct Reply;

    AsyncResult<void> say_hello(const RedisAddress& address);
    void look_for_overdue() noexcept;
    [[nodiscard]] Error lost_by(const net::NetError& error) const;
    void flush() noexcept;
    void await_readable();
    void read(std::size_t bytes);
    void take(RedisReply reply);

    net::AsioLoop& loop_;
    RedisStream stream_;
    redisReader* const reader_;
    State state_ = State::kFresh;
    std::optional<SteadyTime> open_by_;  ///< While it is being opened.
    std::optional<Error> failure_;       ///< Why it was closed.
    bool writing_ = false;
    std::string waiting_;  ///< To be written next.
    std::string sending_;
    std::array<char, 16 * 1024> buffer_;
    RedisRequestQueue under_way_;
    Flush flush_{*this};
    Watch watch_{*this};
    Signal closed_;
    OnMessage on_message_;
};

}  // namespace a2akit::redis
