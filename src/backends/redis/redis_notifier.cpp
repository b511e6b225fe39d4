#include "backends/redis/redis_notifier.hpp"

#include "backends/redis/redis_error.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace a2akit::redis {
namespace {

constexpr Duration kAskEvery =
    std::chrono::seconds(2);  // whether the listener's connection still lives
constexpr std::size_t kLongestPayload = 32 * 1024;
constexpr std::size_t kMostWaiting = 100'000;

std::uint64_t to_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view take_field(std::string_view& rest, char separator) {
    const std::string_view field = rest.substr(0, rest.find(separator));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    return field;
}

}  // namespace

// A payload is the sender, then entries, each after a semicolon: "w<task>,<last>,<turn>,<0 or 1>" a
// wake-up, "c<task>" a cancel, "d" a run that is delayed.

RedisNotifier::RedisNotifier(net::AsioLoop& loop, const RedisAddress& address, RedisLink& commands,
                             std::string channel)
    : loop_(loop),
      commands_(commands),
      listener_(loop, address, "listener"),
      sender_(Uuid::generate().to_string()),
      channel_(std::move(channel)) {
    listener_.prepare([this](std::shared_ptr<RedisConnection> connection) {
        return subscribe(std::move(connection));
    });
    listener_.on_back([this] {
        if (handlers.listening) handlers.listening();
    });
}

AsyncResult<void> RedisNotifier::start() {
    stop_.reset();
    running_.store(true);
    Result<void> listening = co_await listener_.start();
    group_.spawn(send());
    group_.spawn(listen_for_life());
    co_return listening;
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
// --------------------------------------------------------------------------------------------------------

AsyncResult<void> RedisNotifier::subscribe(std::shared_ptr<RedisConnection> connection) {
    connection->on_message([this](std::string_view payload) { hear(payload); });
    RedisCommand command{"SUBSCRIBE", channel_};
    const auto subscribed = co_await connection->ask(std::move(command));
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

void RedisNotifier::hear(std::string_view payload) {
    if (take_field(payload, ';') == sender_) return;
    while (!payload.empty()) {
        const std::string_view entry = take_field(payload, ';');
        if (!entry.empty()) hear_one(entry);
    }
}

void RedisNotifier::hear_one(std::string_view entry) {
    struct Count {
        ~Count() { heard.fetch_add(1); }
        std::atomic<std::uint64_t>& heard;
    } count{heard_};
    const char kind = entry.front();
    entry.remove_prefix(1);
    if (kind == 'd') {
        if (handlers.delayed) handlers.delayed();
        return;
    }
    const auto task = TaskId::parse(take_field(entry, ','));
    if (!task) return;
    if (kind == 'c' && handlers.cancel) handlers.cancel(*task);
    if (kind != 'w' || !handlers.wake) return;
    Wake wake;
    wake.task = *task;
    wake.last = to_number(take_field(entry, ','));
    wake.turn = static_cast<Turn>(to_number(take_field(entry, ',')));
    wake.turn_ended = take_field(entry, ',') == "1";
    handlers.wake(wake);
}

// -- Telling
// ----------------------------------------------------------------------------------------------------------

void RedisNotifier::wake(const Wake& wake) {
    if (!running_.load()) return;
    {
        const std::lock_guard lock(mutex_);
        if (wakes_.size() >= kMostWaiting) return;  // the tail check finds it
        Wake& kept = wakes_.try_emplace(wake.task, wake).first->second;
        kept.last = std::max(kept.last, wake.last);
        if (wake.turn > kept.turn || (wake.turn == kept.turn && wake.turn_ended)) {
            kept.turn = wake.turn;
            kept.turn_ended = wake.turn_ended;
        }
    }
    pending_.set();
}

void RedisNotifier::cancel(const TaskId& task) {
    if (!running_.load()) return;
    {
        const std::lock_guard lock(mutex_);
        if (cancels_.size() >= kMostWaiting) return;  // the next renewal of the lease says it
        cancels_.push_back(task);
    }
    pending_.set();
}

void RedisNotifier::offer_delayed() {
    if (!running_.load()) return;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(delayed_, true)) return;
    }
    pending_.set();
}

bool RedisNotifier::sending() {
    const std::lock_guard lock(mutex_);
    return sending_ || delayed_ || !wakes_.empty() || !cancels_.empty();
}

std::string RedisNotifier::take_payload() {
    const std::lock_guard lock(mutex_);
    std::string payload = sender_;
    std::uint64_t entries = 0;
    if (std::exchange(delayed_, false)) {
        payload += ";d";
        ++entries;
    }
    for (; !cancels_.empty() && payload.size() < kLongestPayload; ++entries) {
        payload += ";c" + cancels_.back().to_string();
        cancels_.pop_back();
    }
    for (; !wakes_.empty() && payload.size() < kLongestPayload; ++entries) {
        const Wake wake = wakes_.begin()->second;
        wakes_.erase(wakes_.begin());
        payload += ";w" + wake.task.to_string() + ',' + std::to_string(wake.last) + ',' +
                   std::to_string(wake.turn);
        payload += wake.turn_ended ? ",1" : ",0";
    }
    told_.fetch_add(entries);
    sending_ = entries != 0;
    if (!sending_) payload.clear();
    return payload;
}

Async<void> RedisNotifier::send() {
    while (running_.load()) {
        co_await pending_.wait();
        pending_.reset();
        for (std::string payload = take_payload(); !payload.empty(); payload = take_payload()) {
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
