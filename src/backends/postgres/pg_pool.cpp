#include "backends/postgres/pg_pool.hpp"

#include "backends/postgres/pg_error.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kConnectWithin = std::chrono::seconds(5);
constexpr Duration kAnswerWithin = std::chrono::seconds(10);
constexpr Duration kWaitForConnection = std::chrono::seconds(1);
/// While there are connections, all of them busy. One that waited longer is not sent: with the time
/// that its answer may take, its caller would wait twice as long as anybody else.
constexpr Duration kWaitForIdle = std::chrono::seconds(5);
constexpr Duration kLookEvery(200);
constexpr Duration kStable = std::chrono::seconds(1);
constexpr Duration kQuietFor = std::chrono::seconds(10);
constexpr std::size_t kMostWaiting = 10'000;
constexpr std::size_t kMostTogether = 32;

Async<void> ask(std::shared_ptr<PgConnection> connection, const PgStatement& alive) {
    const auto answered = co_await connection->run(alive);
    if (!answered) connection->close(answered.error());
}

}  // namespace

void look_after(const std::shared_ptr<PgConnection>& connection, const PgStatement& alive,
                SteadyTime now, TaskGroup& group) {
    if (!connection || !connection->is_open()) return;
    if (const auto since = connection->waits_since()) {
        if (*since + kAnswerWithin < now) connection->close(connection_lost());
    } else if (connection->heard_at() + kQuietFor < now) {
        group.spawn(ask(connection, alive));
    }
}

Duration backoff(int attempt) { return backends::backoff(attempt, Duration(100), Duration(3000)); }

AsyncResult<PgRows> PgPool::run(const PgStatement& statement, PgParams params) {
    PgRequest request(statement, std::move(params));
    backends::Submission submitted(*this, request, loop_, under_way_);
    co_return co_await submitted;
}

AsyncResult<void> PgPool::start() {
    stopping_ = false;
    down_since_ = loop_.now();
    first_outcome_.reset();
    stop_watching_.reset();
    for (int i = 0; i < address_.connections; ++i) {
        slots_.push_back(std::make_unique<Slot>());
        group_.spawn(keep(*slots_.back()));
    }
    group_.spawn(watch());
    co_await first_outcome_.wait();
    if (down_since_) co_return fail(down_);
    co_return Result<void>();
}

Async<void> PgPool::stop() {
    stopping_ = true;
    stop_watching_.set();
    for (const auto& slot : slots_) {
        if (slot->connection) slot->connection->close(connection_lost());
        slot->stop.set();
    }
    while (PgRequest* request = waiting_.pop()) request->finish(fail(connection_lost()));
    co_await group_.join();
    slots_.clear();
}

// Each problem once, and once that it is over.
void PgPool::tell_log(const std::string& problem) {
    if (quiet_ || std::exchange(logged_, problem) == problem) return;
    if (problem.empty())
        log::info("postgres connection=back");
    else
        log::warn("postgres connection=lost error=\"{}\"", problem);
}

Async<void> PgPool::keep(Slot& slot) {
    for (std::size_t failures = 0; !stopping_;) {
        auto connection = std::make_shared<PgConnection>(loop_);
        const SteadyTime deadline = loop_.now() + kConnectWithin;
        const Result<void> opened =
            co_await connection->open(address_, lookups_, deadline, failures);
        if (stopping_) {
            connection->close(connection_lost());
            co_return;
        }
        if (!opened) {
            ++failures;
            down_ = opened.error();
            tell_log(down_.message);
            if (failures >= address_.hosts.size()) first_outcome_.set();  // each server was tried
            const SteadyTime until = loop_.now() + backoff(static_cast<int>(failures));
            co_await slot.stop.wait_until(until);
            continue;
        }
        tell_log({});
        down_ = connection_lost();
        const SteadyTime opened_at = loop_.now();
        slot.connection = connection;
        connection->on_idle([this](PgRequestQueue again) {
            while (PgRequest* request = again.pop()) waiting_.push_front(*request);
            send_waiting();
        });
        down_since_.reset();
        first_outcome_.set();
        send_waiting();
        co_await connection->closed().wait();
        slot.connection.reset();
        if (!is_up() && !stopping_) down_since_ = loop_.now();
        // A connection that is closed immediately must not cause the next one without a pause.
        failures = loop_.now() - opened_at < kStable ? failures + 1 : 0;
        if (failures != 0)
            co_await slot.stop.wait_until(loop_.now() + backoff(static_cast<int>(failures)));
    }
}

// Ends what takes too long: connections that do not answer, and requests that wait for one.
Async<void> PgPool::watch() {
    for (SteadyTime next = loop_.now() + kLookEvery; !co_await stop_watching_.wait_until(next);
         next = loop_.now() + kLookEvery) {
        for (const auto& slot : slots_) {
            const auto connection = slot->connection;
            look_after(connection, alive_, loop_.now(), group_);
        }
        fail_waiting();
    }
}

bool PgPool::is_up() const noexcept {
    return std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) {
        return slot->connection && slot->connection->is_open();
    });
}

void PgPool::submit(PgRequest& request) {
    request.since = loop_.now();
    const bool down_for_long = down_since_ && *down_since_ + kWaitForConnection < loop_.now();
    if (stopping_) return request.finish(fail(connection_lost()));
    if (down_for_long) return request.finish(fail(down_));
    if (waiting_.size() >= kMostWaiting) {
        return request.finish(
            fail(unavailable("too many requests wait for PostgreSQL; it is overloaded or slow")));
    }
    waiting_.push(request);
    send_waiting();
}

void PgPool::send_waiting() {
    fail_waiting();
    std::vector<std::shared_ptr<PgConnection>> idle;
    for (const auto& slot : slots_) {
        const auto& one = slot->connection;
        if (one && one->is_open() && one->is_idle()) idle.push_back(one);
    }
    for (; !idle.empty() && !waiting_.empty(); idle.pop_back())
        idle.back()->send(next_transaction(idle.size()));
}

// An even share of what waits, up to the first that has to be alone.
PgRequestQueue PgPool::next_transaction(std::size_t idle) {
    PgRequestQueue requests;
    const std::size_t share = std::min(kMostTogether, (waiting_.size() + idle - 1) / idle);
    do {
        requests.push(*waiting_.pop());
    } while (!requests.front()->alone && requests.size() < share && !waiting_.empty() &&
             !waiting_.front()->alone);
    return requests;
}

void PgPool::fail_waiting() {
    const SteadyTime latest = loop_.now() - (is_up() ? kWaitForIdle : kWaitForConnection);
    while (!waiting_.empty() && waiting_.front()->since < latest) {
        waiting_.pop()->finish(fail(is_up() ? connection_lost() : down_));
    }
}

}  // namespace a2akit::postgres
