#pragma once

#include "backends/redis/redis_connection.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace a2akit::redis {

/// A connection that is made anew whenever it breaks, with back-off and jitter, and that all
/// callers share.
///
/// While it does not stand, commands wait for it for a moment and then fail with kUnavailable; so
/// does what the server does not answer in time, and the connection is given up. A command whose
/// connection breaks fails: it is not known whether it was carried out. Belongs to one loop, but
/// for `run`, which is safe from any thread.
class RedisLink {
public:
    /// `name` is for the log.
    RedisLink(net::AsioLoop& loop, const RedisAddress& address, std::string name)
        : loop_(loop), address_(address), name_(std::move(name)) {}
    RedisLink(const RedisLink&) = delete;
    RedisLink& operator=(const RedisLink&) = delete;

    /// Prepares each new connection before other commands are sent on it. Set before `start`.
    using Prepare = std::function<AsyncResult<void>(std::shared_ptr<RedisConnection>)>;
    void prepare(Prepare prepare) { prepare_ = std::move(prepare); }
    /// Called when a connection stands again. Set before `start`.
    void on_back(std::function<void()> on_back) { on_back_ = std::move(on_back); }

    /// Returns when the first connection stands, or could not be made.
    AsyncResult<void> start();
    Async<void> stop();

    /// Resumes on the caller's loop. The reply may be an error of the server's. `beyond` is the
    /// time that the command itself asks the server to wait.
    AsyncResult<RedisReply> run(RedisCommand command, Duration beyond = Duration(0));
    /// Commands whose callers have not gone on yet.
    [[nodiscard]] std::size_t under_way() const noexcept { return under_way_.load(); }
    /// Commands that were sent so far.
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_.load(); }
    /// kUnavailable, saying why, while no connection stands. On the link's loop.
    [[nodiscard]] Result<void> state() const;

private:
    template <class, class>
    friend class backends::Submission;

    Async<void> keep();
    Async<void> watch();
    AsyncResult<void> open();
    void note_down(Error why);
    void submit(RedisRequest& request);
    void send_waiting();

    net::AsioLoop& loop_;
    const RedisAddress& address_;
    const std::string name_;
    Prepare prepare_;
    std::function<void()> on_back_;
    std::shared_ptr<RedisConnection> current_;  ///< null: none stands
    std::shared_ptr<RedisConnection> opening_;
    RedisRequestQueue waiting_;
    TaskGroup group_;
    Signal first_outcome_;
    Signal stop_keeping_;
    Signal stop_watching_;
    std::optional<Error> down_;  ///< Why no connection stands.
    std::optional<SteadyTime> down_since_;
    bool stopping_ = true;
    std::atomic<std::size_t> under_way_{0};
    std::atomic<std::uint64_t> sent_{0};
};

/// How long to wait before the next attempt: doubling to some seconds, and different on every node.
[[nodiscard]] Duration backoff(int attempt);

}  // namespace a2akit::redis
