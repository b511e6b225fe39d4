#include "backends/redis/redis_node.hpp"
#include "backends/redis/redis_queue.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

// What keeps the entries of a node its own, and takes over those of the dead.

namespace a2akit::redis {
namespace {

constexpr Duration kTendEvery(250);
constexpr Duration kReadyFor(500);  // entries not received by then go back, for other nodes
constexpr Duration kDropConsumersEvery = std::chrono::minutes(10);
constexpr Duration kOldConsumer = std::chrono::hours(1);
constexpr std::size_t kAtOnce = 500;

}  // namespace

std::size_t RedisQueue::held() {
    const std::lock_guard lock(mutex_);
    return held_.size();
}

bool RedisQueue::wants() {
    const std::lock_guard lock(mutex_);
    return room_locked() > 0;
}

bool RedisQueue::tidying() {
    const std::lock_guard lock(mutex_);
    return !stopped_ && (!dropped_.empty() || (seats_.empty() && !ready_.empty()) ||
                         slots_locked() != slots_told_);
}

int RedisQueue::slots_locked() const {
    int slots = 0;
    for (const auto& [node, of_node] : slots_) slots += of_node;
    return slots;
}

void RedisQueue::let_go(const std::string& id) {
    const std::lock_guard lock(mutex_);
    held_.erase(id);
}

void RedisQueue::drop(const std::string& id, RunOperation operation) {
    const std::lock_guard lock(mutex_);
    dropped_.push_back({id, operation});
    attention_.set();
}

Async<void> RedisQueue::tend() {
    Loop& loop = node_.loop();
    const Duration timeout = node_.names().claim_timeout;
    SteadyTime kept = loop.now();
    SteadyTime told = loop.now();
    SteadyTime claimed = loop.now();
    SteadyTime dropped = loop.now();
    for (;;) {
        const SteadyTime next = loop.now() + kTendEvery;
        co_await attention_.wait_until(next);
        attention_.reset();
        if (stop_reading_.is_set()) co_return;
        co_await put_back();
        if (loop.now() >= kept + timeout / 3) {
            kept = loop.now();
            co_await keep_alive();
        }
        if (slots_changed() || loop.now() >= told + timeout) {
            told = loop.now();
            co_await tell_slots();
        }
        if (claim_from_ != "0-0" || loop.now() >= claimed + timeout / 2) {
            claimed = loop.now();
            co_await claim_abandoned();
        }
        if (loop.now() >= dropped + kDropConsumersEvery) {
            dropped = loop.now();
            co_await drop_old_consumers();
        }
    }
}

RedisQueue::Deliveries RedisQueue::take_stale(SteadyTime before) {
    Deliveries stale;
    const std::lock_guard lock(mutex_);
    while (!ready_.empty() && (seats_.empty() || ready_.front().since < before)) {
        stale.push_back(std::move(ready_.front().delivery));
        ready_.pop_front();
    }
    return stale;
}

bool RedisQueue::slots_changed() {
    const std::lock_guard lock(mutex_);
    return slots_locked() != slots_told_;
}

// The server sums up the slots of all nodes that tell it again in time.
Async<void> RedisQueue::tell_slots() {
    int slots = 0;
    int before = 0;
    {
        const std::lock_guard lock(mutex_);
        slots = slots_locked();
        before = slots_told_;
    }
    if (slots == 0 && before == 0) co_return;
    // By then the entries of a node that died are claimed by others, whose slots they take.
    const Duration lifetime = 3 * node_.names().claim_timeout;
    std::vector<std::string> args{consumer_, std::to_string(slots), std::to_string(before),
                                  std::to_string(lifetime.count()), node_.now()};
    const auto told = co_await node_.run(node_.scripts().beat, keys_, std::move(args));
    if (!told) {
        log::debug("redis telling the number of slots failed: {}", told.error().message);
        co_return;
    }
    const std::lock_guard lock(mutex_);
    slots_told_ = slots;
}

Async<void> RedisQueue::put_back() {
    take_stale(node_.loop().now() - kReadyFor).clear();  // which drops them
    for (;;) {
        Dropped one;
        {
            const std::lock_guard lock(mutex_);
            if (dropped_.empty()) co_return;
            one = dropped_.front();
        }
        const Result<void> done = co_await nack(one.id, one.operation, Duration::zero());
        if (!done) log::debug("redis putting an entry back failed: {}", done.error().message);
        const std::lock_guard lock(mutex_);
        dropped_.pop_front();
    }
}

Async<void> RedisQueue::keep_alive() {
    std::vector<std::string> held;
    {
        const std::lock_guard lock(mutex_);
        held.assign(held_.begin(), held_.end());
    }
    for (std::size_t at = 0; at < held.size(); at += kAtOnce) {
        std::vector<std::string> keys{stream_};
        std::vector<std::string> args{node_.names().group, consumer_};
        for (std::size_t i = at; i < std::min(at + kAtOnce, held.size()); ++i)
            args.push_back(held[i]);
        const auto kept =
            co_await node_.run(node_.scripts().keep, std::move(keys), std::move(args));
        if (!kept) log::debug("redis keeping entries failed: {}", kept.error().message);
    }
}

Async<void> RedisQueue::claim_abandoned() {
    int room = 0;
    {
        const std::lock_guard lock(mutex_);
        room = room_locked();
    }
    if (room == 0) co_return;
    RedisCommand command{"XAUTOCLAIM", stream_, node_.names().group, consumer_};
    command.add(node_.names().claim_timeout.count()).add(claim_from_).add("COUNT").add(room);
    const auto claimed = co_await node_.run(std::move(command));
    if (!claimed) {
        log::debug("redis claiming abandoned entries failed: {}", claimed.error().message);
        claim_from_ = "0-0";
        co_return;
    }
    claim_from_ = claimed->value()[0].text();
    hand_out(claimed->value()[1]);
}

Async<void> RedisQueue::drop_old_consumers() {
    std::vector<std::string> keys{stream_};
    std::vector<std::string> args{node_.names().group, std::to_string(kOldConsumer.count())};
    const auto dropped = co_await node_.run(node_.scripts().tidy, std::move(keys), std::move(args));
    if (!dropped) log::debug("redis dropping old consumers failed: {}", dropped.error().message);
}

}  // namespace a2akit::redis
