#include "backends/postgres/postgres_notifier.hpp"

#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/postgres_node.hpp"
#include "core/log.hpp"

#include <charconv>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kBeatEvery = std::chrono::seconds(2);
constexpr Duration kDeadAfter = std::chrono::seconds(7);
constexpr Duration kConnectWithin = std::chrono::seconds(5);
constexpr Duration kApart(
    5);  // between two NOTIFYs: each is a commit here and wakes every other node
constexpr std::size_t kLongestPayload = 7900;  // the server's limit is 8000
constexpr std::size_t kMostWakes = 100'000;

PgAddress with_one_connection(const PgAddress& address) {
    PgAddress own = address;
    own.connections = 1;
    return own;
}

std::uint64_t to_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string_view take_field(std::string_view& rest) {
    const std::string_view field = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
    return field;
}

}  // namespace

// A payload is the sender, then entries, each after a semicolon: "w<task>,<last>,<turn>,<0 or 1>" a
// wake-up, "c<task>" a cancel, "q" runs to receive, "n" a node that came or went.

PostgresNotifier::PostgresNotifier(PostgresNode& node, const PgAddress& address)
    : node_(node),
      address_(address),
      own_address_(with_one_connection(address)),
      pool_(node.loop(), own_address_, node.lookups(), node.sql().alive, true),
      sender_(id_.to_string()),
      channel_("a2akit_" + address.schema) {}

std::string PostgresNotifier::cancel_payload(const TaskId& task) {
    told_.fetch_add(1);
    return sender_ + ";c" + task.to_string();
}

bool PostgresNotifier::sending() {
    const std::lock_guard lock(mutex_);
    return sending_ || runs_ || !wakes_.empty();
}

Async<void> PostgresNotifier::start() {
    stop_listening_.reset();
    stop_beating_.reset();
    running_.store(true);
    const Result<void> started = co_await pool_.start();
    if (!started) log::warn("postgres notifier=down error=\"{}\"", started.error().message);
    group_.spawn(beat());
    listener_ = std::make_shared<PgConnection>(node_.loop());
    const Result<void> listening = co_await start_listening(listener_, 0);
    if (!listening) log::warn("postgres listener=down error=\"{}\"", listening.error().message);
    co_await beat_once();
    co_await notify(sender_ + ";n");
    group_.spawn(listen());
    group_.spawn(send());
}

Async<void> PostgresNotifier::stop() {
    running_.store(false);
    stop_beating_.set();
    stop_listening_.set();
    if (listener_) listener_->close(connection_lost());
    pending_.set();
    co_await group_.join();
    PgParams params;
    params.add(id_);
    const auto left = co_await node_.run(node_.sql().leave, std::move(params));
    if (left) co_await notify(sender_ + ";n");
    co_await pool_.stop();
    listener_.reset();
}

// -- Listening
// --------------------------------------------------------------------------------------------------------

AsyncResult<void> PostgresNotifier::start_listening(std::shared_ptr<PgConnection> connection,
                                                    std::size_t attempt) {
    const SteadyTime deadline = node_.loop().now() + kConnectWithin;
    Result<void> opened = co_await connection->open(address_, node_.lookups(), deadline, attempt);
    if (!opened) co_return opened;
    connection->on_notify([this](std::string_view payload) { hear(payload); });
    const Result<PgRows> listening = co_await connection->run(node_.sql().listen);
    if (!listening) co_return fail(listening.error());
    if (handlers.listening) co_await handlers.listening();
    co_return Result<void>();
}

Async<void> PostgresNotifier::listen() {
    for (std::size_t failures = 0; running_.load();) {
        if (listener_->is_open()) {
            failures = 0;
            co_await listener_->closed().wait();
            if (running_.load()) log::warn("postgres listener=lost");
        }
        if (!running_.load()) co_return;
        const SteadyTime until = node_.loop().now() + backoff(static_cast<int>(failures++));
        if (co_await stop_listening_.wait_until(until)) co_return;
        listener_ = std::make_shared<PgConnection>(node_.loop());
        const auto connection = listener_;
        const Result<void> listening = co_await start_listening(connection, failures);
        if (!listening)
            connection->close(connection_lost());
        else
            log::info("postgres listener=back");
    }
    if (listener_) listener_->close(connection_lost());
}

void PostgresNotifier::hear(std::string_view payload) {
    const std::string_view sender = payload.substr(0, payload.find(';'));
    if (sender == sender_) return;
    payload.remove_prefix(std::min(sender.size() + 1, payload.size()));
    while (!payload.empty()) {
        const std::string_view entry = payload.substr(0, payload.find(';'));
        payload.remove_prefix(std::min(entry.size() + 1, payload.size()));
        if (!entry.empty()) hear_one(entry);
    }
}

void PostgresNotifier::hear_one(std::string_view entry) {
    const char kind = entry.front();
    entry.remove_prefix(1);
    if (kind == 'n') {
        group_.spawn(beat_once());
        return;
    }
    struct Count {
        ~Count() { heard.fetch_add(1); }
        std::atomic<std::uint64_t>& heard;
    } count{heard_};
    if (kind == 'q') {
        if (handlers.runs) handlers.runs();
        return;
    }
    const auto task = TaskId::parse(take_field(entry));
    if (!task) return;
    if (kind == 'c' && handlers.cancel) handlers.cancel(*task);
    if (kind != 'w' || !handlers.wake) return;
    Wake wake;
    wake.task = *task;
    wake.last = to_number(take_field(entry));
    wake.turn = static_cast<Turn>(to_number(take_field(entry)));
    wake.turn_ended = take_field(entry) == "1";
    handlers.wake(wake);
}

// -- Notifying
// --------------------------------------------------------------------------------------------------------

void PostgresNotifier::wake(const Wake& wake) {
    if (!has_others()) return;
    {
        const std::lock_guard lock(mutex_);
        if (wakes_.size() >= kMostWakes) return;  // the tail check finds it
        Wake& kept = wakes_.try_emplace(wake.task, wake).first->second;
        kept.last = std::max(kept.last, wake.last);
        if (wake.turn > kept.turn || (wake.turn == kept.turn && wake.turn_ended)) {
            kept.turn = wake.turn;
            kept.turn_ended = wake.turn_ended;
        }
    }
    pending_.set();
}

void PostgresNotifier::offer_runs() {
    if (!has_others()) return;
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(runs_, true)) return;
    }
    pending_.set();
}

std::string PostgresNotifier::take_payload() {
    const std::lock_guard lock(mutex_);
    std::string payload = sender_;
    if (std::exchange(runs_, false)) {
        payload += ";q";
        told_.fetch_add(1);
    }
    while (!wakes_.empty() && payload.size() + 100 < kLongestPayload) {
        const Wake wake = wakes_.begin()->second;
        wakes_.erase(wakes_.begin());
        payload += ";w" + wake.task.to_string() + ',' + std::to_string(wake.last) + ',' +
                   std::to_string(wake.turn);
        payload += wake.turn_ended ? ",1" : ",0";
        told_.fetch_add(1);
    }
    sending_ = payload.size() != sender_.size();
    if (!sending_) payload.clear();
    full_ = !wakes_.empty();
    return payload;
}

// Whether messages that did not fit are to be sent immediately. Those that arrived meanwhile wait
// for the next round.
bool PostgresNotifier::end_sending() {
    const std::lock_guard lock(mutex_);
    sending_ = false;
    return full_;
}

Async<void> PostgresNotifier::send() {
    SteadyTime last{};
    while (running_.load()) {
        co_await pending_.wait();
        if (const SteadyTime next = last + kApart; node_.loop().now() < next) {
            const Duration rest = std::chrono::ceil<Duration>(next - node_.loop().now());
            co_await sleep_for(rest);
        }
        pending_.reset();
        last = node_.loop().now();
        for (bool more = true; more; more = end_sending()) {
            std::string payload = take_payload();
            if (!payload.empty()) co_await notify(std::move(payload));
        }
    }
}

Async<void> PostgresNotifier::notify(std::string payload) {
    PgParams params;
    params.bytes(channel_).bytes(payload);
    const auto told = co_await pool_.run(node_.sql().notify, std::move(params));
    if (!told) log::debug("postgres a notification was not sent: {}", told.error().message);
}

// -- Who lives
// --------------------------------------------------------------------------------------------------------

Async<void> PostgresNotifier::beat_once() {
    PgParams params;
    params.add(id_).add(static_cast<std::int64_t>(kDeadAfter.count()));
    const auto beaten = co_await node_.run(node_.sql().beat, std::move(params));
    if (beaten && beaten->size() == 1) others_.store((*beaten)[0].i64());
}

Async<void> PostgresNotifier::beat() {
    for (SteadyTime next = node_.loop().now() + kBeatEvery;
         !co_await stop_beating_.wait_until(next); next = node_.loop().now() + kBeatEvery) {
        look_after(listener_, node_.sql().alive, node_.loop().now(), group_);
        co_await beat_once();
    }
}

}  // namespace a2akit::postgres
