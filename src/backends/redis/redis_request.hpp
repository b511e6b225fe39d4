#pragma once

#include "backends/redis/redis_reply.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <coroutine>
#include <string>
#include <utility>

namespace a2akit::redis {

inline constexpr Duration kAnswerWithin = std::chrono::seconds(2);

/// A command on its way: from the coroutine that waits for it, to the loop of the connections, and
/// back. Belongs to that loop from `post` until it is finished.
struct RedisRequest : Work {
    RedisRequest(const RedisCommand& c, Duration w)
        : Work(nullptr), command(c.formatted()), within(w) {}

    /// Hands the outcome to the waiting coroutine's loop.
    void finish(Result<RedisReply> result) noexcept {
        outcome = std::move(result);
        run = [](Work& work) noexcept { static_cast<RedisRequest&>(work).waiter.resume(); };
        home->post(*this);
    }

    const std::string command;
    const Duration within;  ///< The connection is given up when the answer takes longer.
    Result<RedisReply> outcome;
    Loop* home = nullptr;
    std::coroutine_handle<> waiter;
    SteadyTime since{};  ///< When it reached the loop of the connections.
    RedisRequest* behind = nullptr;
};

/// First in, first out; linked through the requests.
class RedisRequestQueue {
public:
    void push(RedisRequest& request) noexcept {
        request.behind = nullptr;
        (last_ == nullptr ? first_ : last_->behind) = &request;
        last_ = &request;
        ++size_;
    }
    RedisRequest* pop() noexcept {
        RedisRequest* request = first_;
        if (request == nullptr) return nullptr;
        first_ = request->behind;
        if (first_ == nullptr) last_ = nullptr;
        --size_;
        return request;
    }
    [[nodiscard]] RedisRequest* front() const noexcept { return first_; }
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

private:
    RedisRequest* first_ = nullptr;
    RedisRequest* last_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace a2akit::redis
