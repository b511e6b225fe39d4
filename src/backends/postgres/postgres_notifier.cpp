#include "backends/postgres/postgres_notifier.hpp"

#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/postgres_node.hpp"
#include "core/log.hpp"

#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kBeatEvery = std::chrono::seconds(2);
constexpr Duration kDeadAfter = std::chrono::seconds(7);
constexpr Duration kConnectWithin = std::chrono::seconds(5);
constexpr Duration kApart(
    5);  // between two NOTIFYs: each is a commit here and wakes every other node
constexpr std::size_t kLongestPayload = 7900;  // the server's limit is 8000

PgAddress with_one_connection(const PgAddress& address) {
    PgAddress own = address;
    own.connections = 1;
    return own;
}

}  // namespace

PostgresNotifier::PostgresNotifier(PostgresNode& node, const PgAddress& address)
    : node_(node),
      address_(address),
      own_address_(with_one_connection(address)),
      pool_(node.loop(), own_address_, node.lookups(), node.sql().alive, true),
      channel_("a2akit_" + address.schema) {}

Async<void> PostgresNotifier::start() {
    stop_listening_.reset();
    stop_beating_.reset();
    running_.store(true);
    const Result<void> started = co_await pool_.start();
    if (!started) log::warn("postgres notifier=down error=\"{}\"", started.error().message);
    group_.spawn(beat());
    listener_ = std::make_shared<PgConnection>(node_.loop());
    const Result<void> listens = co_await start_listening(listener_, 0);
    if (!listens) log::warn("postgres listener=down error=\"{}\"", listens.error().message);
    co_await beat_once();
    co_await notify(messages_.sender() + ";n");
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
    if (left) co_await notify(messages_.sender() + ";n");
    co_await pool_.stop();
    listener_.reset();
}

// -- Listening

AsyncResult<void> PostgresNotifier::start_listening(std::shared_ptr<PgConnection> connection,
                                                    std::size_t attempt) {
    const SteadyTime deadline = node_.loop().now() + kConnectWithin;
    Result<void> opened = co_await connection->open(address_, node_.lookups(), deadline, attempt);
    if (!opened) co_return opened;
    connection->on_notify([this](std::string_view payload) { hear(payload); });
    const Result<PgRows> listens = co_await connection->run(node_.sql().listen);
    if (!listens) co_return fail(listens.error());
    if (listening) co_await listening();
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
        const Result<void> listens = co_await start_listening(connection, failures);
        if (!listens)
            connection->close(connection_lost());
        else
            log::info("postgres listener=back");
    }
    if (listener_) listener_->close(connection_lost());
}

void PostgresNotifier::hear(std::string_view payload) {
    // Of the other letters only "n" is sent: a node has come or gone.
    messages_.hear(payload, handlers, [this](char) { group_.spawn(beat_once()); });
}

// -- Notifying

void PostgresNotifier::wake(const Wake& wake) {
    if (!has_others()) return;
    messages_.wake(wake);
    pending_.set();
}

void PostgresNotifier::offer_runs() {
    if (!has_others()) return;
    messages_.offer_runs();
    pending_.set();
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
        // Messages that did not fit are sent immediately; those that arrived meanwhile wait.
        for (bool more = true; more; more = messages_.sent()) {
            std::string payload = messages_.take(kLongestPayload);
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
