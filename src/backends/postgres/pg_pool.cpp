#include "backends/postgres/pg_pool.hpp"

#include "backends/postgres/pg_error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kConnectWithin = std::chrono::seconds(5);
constexpr Duration kAnswerWithin = std::chrono::seconds(10);
constexpr Duration kWaitForConnection = std::chrono::seconds(1);
constexpr Duration kLookEvery(200);
constexpr std::size_t kMostWaiting = 10'000;

}  // namespace

Duration backoff(int attempt) {
    thread_local std::minstd_rand random(std::random_device{}());
    const int longest = std::min(100 << std::min(attempt, 6), 3000);
    return Duration(std::uniform_int_distribution<int>(longest / 2, longest)(random));
}

/// Takes a request to the loop of the connections; the coroutine goes on at home when it is finished.
class PgPool::Submit {
public:
    Submit(PgPool& pool, PgRequest& request) noexcept : pool_(pool), request_(request) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept {
        request_.waiter = waiter;
        request_.home = Loop::current();
        job_.request = &request_;
        job_.pool = &pool_;
        pool_.under_way_.fetch_add(1);
        pool_.loop_.post(job_);
    }
    Result<PgRows> await_resume() noexcept {
        pool_.under_way_.fetch_sub(1);
        return std::move(request_.outcome);
    }

private:
    struct Job : Work {
        Job() noexcept
            : Work([](Work& work) noexcept {
                  const Job& job = static_cast<Job&>(work);
                  job.pool->submit(*job.request);
              }) {}
        PgPool* pool = nullptr;
        PgRequest* request = nullptr;
    };
    PgPool& pool_;
    PgRequest& request_;
    Job job_;
};

AsyncResult<PgRows> PgPool::run(const PgStatement& statement, PgParams params) {
    PgRequest request(statement, std::move(params));
    Submit submitted(*this, request);
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

Async<void> PgPool::keep(Slot& slot) {
    for (int failures = 0; !stopping_;) {
        auto connection = std::make_shared<PgConnection>(loop_);
        const SteadyTime deadline = loop_.now() + kConnectWithin;
        const Result<void> opened = co_await connection->open(address_, deadline);
        if (stopping_) {
            connection->close(connection_lost());
            co_return;
        }
        if (!opened) {
            if (failures++ == 0) spdlog::warn("postgres connection=lost error=\"{}\"", opened.error().message);
            down_ = opened.error();
            first_outcome_.set();
            const SteadyTime until = loop_.now() + backoff(failures);
            co_await slot.stop.wait_until(until);
            continue;
        }
        if (failures != 0) spdlog::info("postgres connection=back");
        failures = 0;
        slot.connection = connection;
        down_since_.reset();
        first_outcome_.set();
        send_waiting();
        co_await connection->closed().wait();
        slot.connection.reset();
        if (least_busy() == nullptr && !stopping_) {
            down_ = connection_lost();
            down_since_ = loop_.now();
        }
    }
}

// Ends what takes too long: connections that do not answer, and requests that wait for one.
Async<void> PgPool::watch() {
    for (SteadyTime next = loop_.now() + kLookEvery; !co_await stop_watching_.wait_until(next);
         next = loop_.now() + kLookEvery) {
        for (const auto& slot : slots_) {
            const auto connection = slot->connection;
            const auto since = connection ? connection->waits_since() : std::nullopt;
            if (since && *since + kAnswerWithin < loop_.now()) connection->close(connection_lost());
        }
        fail_waiting(loop_.now() - kWaitForConnection);
    }
}

PgConnection* PgPool::least_busy() noexcept {
    PgConnection* best = nullptr;
    for (const auto& slot : slots_) {
        PgConnection* one = slot->connection.get();
        if (one == nullptr || !one->is_open()) continue;
        if (best == nullptr || one->under_way() < best->under_way()) best = one;
    }
    return best;
}

void PgPool::submit(PgRequest& request) {
    request.since = loop_.now();
    if (PgConnection* connection = least_busy()) return connection->send(request);
    const bool down_for_long = down_since_ && *down_since_ + kWaitForConnection < loop_.now();
    if (stopping_ || down_for_long || waiting_.size() >= kMostWaiting) {
        return request.finish(fail(stopping_ ? connection_lost() : down_));
    }
    waiting_.push(request);
}

void PgPool::send_waiting() {
    for (PgConnection* connection = least_busy(); connection != nullptr; connection = least_busy()) {
        PgRequest* request = waiting_.pop();
        if (request == nullptr) return;
        connection->send(*request);
    }
}

void PgPool::fail_waiting(SteadyTime since_before) {
    while (waiting_.front() != nullptr && waiting_.front()->since < since_before) {
        waiting_.pop()->finish(fail(down_));
    }
}

}  // namespace a2akit::postgres
