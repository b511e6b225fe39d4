#include "backends/redis/redis_link.hpp"

#include "backends/redis/redis_error.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace a2akit::redis {
namespace {

constexpr Duration kWaitForConnection = std::chrono::seconds(1);
constexpr Duration kLookEvery(100);
constexpr Duration kShortLife = std::chrono::seconds(1);
constexpr std::size_t kMostWaiting = 10'000;

}  // namespace

Duration backoff(int attempt) { return backends::backoff(attempt, Duration(50), Duration(2000)); }

AsyncResult<RedisReply> RedisLink::run(RedisCommand command, Duration beyond) {
    RedisRequest request(command, address_.answer_within + beyond);
    backends::Submission submitted(*this, request, loop_, under_way_);
    co_return co_await submitted;
}

AsyncResult<void> RedisLink::start() {
    stopping_ = false;
    down_ = connection_lost();
    down_since_ = loop_.now();
    first_outcome_.reset();
    stop_keeping_.reset();
    stop_watching_.reset();
    group_.spawn(keep());
    group_.spawn(watch());
    co_await first_outcome_.wait();
    co_return state();
}

Async<void> RedisLink::stop() {
    stopping_ = true;
    stop_keeping_.set();
    stop_watching_.set();
    for (const auto& one : {current_, opening_}) {
        if (one) one->close(connection_lost());
    }
    while (RedisRequest* request = waiting_.pop()) request->finish(fail(connection_lost()));
    co_await group_.join();
}

Result<void> RedisLink::state() const {
    if (current_ && current_->is_open()) return {};
    return fail(down_ ? *down_ : connection_lost());
}

void RedisLink::note_down(Error why) {
    down_ = std::move(why);
    if (!down_since_) down_since_ = loop_.now();
    first_outcome_.set();
}

AsyncResult<void> RedisLink::open() {
    std::shared_ptr<RedisConnection> connection;
    Result<void> opened;
    try {
        connection = opening_ = std::make_shared<RedisConnection>(loop_);
        opened = co_await connection->open(address_);
    } catch (const std::exception& e) {
        // There is no thread to resolve the name, or no descriptor for the socket.
        opened = fail(unavailable(std::string("no connection to Redis can be begun: ") + e.what()));
    }
    if (opened && prepare_) opened = co_await prepare_(connection);
    if (opened && !connection->is_open()) opened = fail(connection_lost());
    if (!opened && connection) connection->close(opened.error());
    co_return opened;
}

Async<void> RedisLink::keep() {
    bool was_up = false;
    for (int failures = 0; !stopping_;) {
        const Result<void> opened = co_await open();
        const auto connection = std::exchange(opening_, nullptr);
        if (stopping_) {
            if (connection) connection->close(connection_lost());
            co_return;
        }
        const SteadyTime since = loop_.now();
        if (opened) {
            if (was_up || failures != 0) log::info("redis {}=back", name_);
            current_ = connection;
            down_.reset();
            down_since_.reset();
            first_outcome_.set();
            send_waiting();
            if (was_up && on_back_) on_back_();
            was_up = true;
            co_await connection->closed().wait();
            current_.reset();
            if (stopping_) co_return;
            note_down(connection_lost());
        } else {
            note_down(opened.error());
        }
        if (opened && loop_.now() >= since + kShortLife) failures = 0;
        if (failures++ == 0) log::warn("redis {}=lost error=\"{}\"", name_, down_->message);
        const SteadyTime until = loop_.now() + backoff(failures - 1);
        co_await stop_keeping_.wait_until(until);
    }
}

// Ends what waits too long for a connection.
Async<void> RedisLink::watch() {
    for (SteadyTime next = loop_.now() + kLookEvery; !co_await stop_watching_.wait_until(next);
         next = loop_.now() + kLookEvery) {
        while (!waiting_.empty() && waiting_.front()->since + kWaitForConnection < loop_.now()) {
            waiting_.pop()->finish(fail(down_ ? *down_ : connection_lost()));
        }
    }
}

void RedisLink::submit(RedisRequest& request) {
    if (stopping_) return request.finish(fail(connection_lost()));
    if (current_ && current_->is_open()) {
        sent_.fetch_add(1);
        return current_->send(request);
    }
    const bool down_for_long = down_since_ && *down_since_ + kWaitForConnection < loop_.now();
    if (down_for_long || waiting_.size() >= kMostWaiting) {
        return request.finish(fail(down_for_long && down_ ? *down_ : connection_lost()));
    }
    request.since = loop_.now();
    waiting_.push(request);
}

void RedisLink::send_waiting() {
    while (RedisRequest* request = waiting_.pop()) submit(*request);
}

}  // namespace a2akit::redis
