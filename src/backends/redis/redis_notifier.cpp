#include "backends/redis/redis_notifier.hpp"

#include "backends/redis/redis_error.hpp"
#include "core/log.hpp"

#include <utility>

namespace a2akit::redis {
namespace {

constexpr Duration kAskEvery =
    std::chrono::seconds(2);  // whether the listener's connection still lives
constexpr std::size_t kLongestPayload = 32 * 1024;

}  // namespace

RedisNotifier::RedisNotifier(net::AsioLoop& loop, const RedisAddress& address, RedisLink& commands,
                             std::string channel)
    : loop_(loop),
      answer_within_(address.answer_within),
      commands_(commands),
      listener_(loop, address, "listener"),
      channel_(std::move(channel)) {
    listener_.prepare([this](std::shared_ptr<RedisConnection> connection) {
        return subscribe(std::move(connection));
    });
    listener_.on_back([this] {
        if (listening) listening();
    });
}

AsyncResult<void> RedisNotifier::start() {
    stop_.reset();
    running_.store(true);
    Result<void> listens = co_await listener_.start();
    group_.spawn(send());
    group_.spawn(listen_for_life());
    co_return listens;
}

Async<void> RedisNotifier::stop() {
    running_.store(false);
    stop_.set();
    pending_.set();
    co_await group_.join();
    co_await listener_.stop();
    co_await handling_.join();
}

// -- Listening

AsyncResult<void> RedisNotifier::subscribe(std::shared_ptr<RedisConnection> connection) {
    connection->on_message([this](std::string_view payload) { messages_.hear(payload, handlers); });
    RedisCommand command{"SUBSCRIBE", channel_};
    const auto subscribed = co_await connection->ask(std::move(command), answer_within_);
    if (!subscribed) co_return fail(subscribed.error());
    co_return Result<void>();
}

// A connection that silently died would look like nodes that have nothing to say.
Async<void> RedisNotifier::listen_for_life() {
    while (!co_await stop_.wait_until(loop_.now() + kAskEvery)) {
        RedisCommand ping{"PING"};
        const auto answered = co_await listener_.run(std::move(ping));
        if (!answered) log::debug("redis listener does not answer: {}", answered.error().message);
    }
}

// -- Telling

void RedisNotifier::wake(const Wake& wake) {
    if (!running_.load()) return;
    messages_.wake(wake);
    pending_.set();
}

void RedisNotifier::cancel(const TaskId& task) {
    if (!running_.load()) return;
    messages_.cancel(task);
    pending_.set();
}

void RedisNotifier::offer_delayed() {
    if (!running_.load()) return;
    messages_.offer_runs();
    pending_.set();
}

Async<void> RedisNotifier::send() {
    while (running_.load()) {
        co_await pending_.wait();
        pending_.reset();
        for (std::string payload = messages_.take(kLongestPayload); !payload.empty();
             payload = messages_.take(kLongestPayload)) {
            RedisCommand command{"PUBLISH", channel_, payload};
            const auto told = co_await commands_.run(std::move(command));
            if (!told)
                log::debug("redis a notification was not sent: {}", told.error().message);
            else if (told->value().is_error())
                (void)reply_error(told->value().text());
        }
    }
}

}  // namespace a2akit::redis
