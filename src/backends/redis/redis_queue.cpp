#include "backends/redis/redis_queue.hpp"

#include "backends/redis/redis_error.hpp"
#include "backends/redis/redis_node.hpp"
#include "core/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace a2akit::redis {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kPause(200);  // before the stream is read again after trouble
constexpr int kMostDue = 256;

std::string name_of(RunOperation operation) {
    return operation.task.to_string() + '/' + std::to_string(operation.turn);
}

std::string owner_text(std::uint64_t owner) {
    return owner == 0 ? std::string() : fmt::format("{:016x}", owner);
}

// An entry has the fields "run" and, where it is known, "owner".
std::optional<RunOperation> operation_of(RedisValue fields) {
    const std::string_view name = fields[1].text();
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto task = TaskId::parse(name.substr(0, slash));
    RunOperation operation;
    const std::string_view turn = name.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(turn.data(), turn.data() + turn.size(), operation.turn);
    if (!task || error != std::errc{} || end != turn.data() + turn.size()) return std::nullopt;
    operation.task = *task;
    const std::string_view owner = fields[2].text() == "owner" ? fields[3].text() : "";
    std::from_chars(owner.data(), owner.data() + owner.size(), operation.owner, 16);
    return operation;
}

// The group is gone, with the stream or by itself.
bool is_group_missing(std::string_view error) {
    return error.starts_with("NOGROUP") || error.starts_with("UNBLOCKED");
}

}  // namespace

/// An entry of the stream that this process holds.
class RedisQueue::Entry final : public Delivery {
public:
    Entry(RedisQueue& queue, std::string id, RunOperation operation)
        : queue_(queue), id_(std::move(id)), operation_(operation) {}
    ~Entry() override {
        if (!answered_) queue_.drop(id_, operation_);
    }

    [[nodiscard]] const RunOperation& operation() const noexcept override { return operation_; }
    [[nodiscard]] Run* claimed() noexcept override { return nullptr; }
    AsyncResult<void> ack() override {
        answered_ = true;
        return queue_.ack(id_, operation_);
    }
    AsyncResult<void> nack(Duration delay) override {
        answered_ = true;
        return queue_.nack(id_, operation_, delay);
    }

private:
    RedisQueue& queue_;
    const std::string id_;
    const RunOperation operation_;
    bool answered_ = false;
};

RedisQueue::RedisQueue(RedisNode& node)
    : node_(node),
      reading_(node.loop(), node.address(), "reader"),
      consumer_(node.names().consumer_prefix + Uuid::generate().to_string()),
      stream_(node.key(node.names().stream)),
      keys_{stream_,
            stream_ + ":known",
            stream_ + ":delayed",
            stream_ + ":waiting",
            stream_ + ":owners",
            stream_ + ":shares",
            stream_ + ":running",
            stream_ + ":nodes"} {}

AsyncResult<void> RedisQueue::start() {
    wanted_.reset();
    attention_.reset();
    stop_reading_.reset();
    Result<void> prepared = co_await prepare();
    if (!prepared) co_return prepared;
    Result<void> reading = co_await reading_.start();
    if (!reading) {
        co_await reading_.stop();
        co_return reading;
    }
    {
        const std::lock_guard lock(mutex_);
        stopped_ = false;
        slots_told_ = 0;
        look_at_ = {};
    }
    group_.spawn(read());
    group_.spawn(tend());
    co_return reading;
}

Async<void> RedisQueue::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (const auto& seat : seats_) seat->signal.set();
    }
    stop_reading_.set();
    wanted_.set();
    attention_.set();
    co_await reading_.stop();
    co_await group_.join();
    std::vector<std::string> args{node_.names().group, consumer_, "10000",
                                  std::to_string(slots_told_), node_.now()};
    const auto left = co_await node_.run(node_.scripts().leave, keys_, std::move(args));
    // Then it takes a while until others have what was held here.
    if (!left) log::debug("redis leaving the queue failed: {}", left.error().message);
    std::deque<Ready> ready;
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
    dropped_.clear();
    held_.clear();
}

// -- Enqueuing

AsyncResult<void> RedisQueue::enqueue(RunOperation operation, std::optional<Timestamp> not_before) {
    std::vector<std::string> args{
        node_.names().group,
        name_of(operation),
        node_.now(),
        not_before ? std::to_string(not_before->time_since_epoch().count()) : std::string(),
        std::to_string(node_.names().claim_timeout.count()),
        owner_text(operation.owner)};
    const auto enqueued = co_await node_.run(node_.scripts().enqueue, keys_, std::move(args));
    if (!enqueued) co_return fail(enqueued.error());
    if (const auto answer = enqueued->value().number(); answer > 1)
        note_delayed(Duration(answer - 1));
    co_return Result<void>();
}

void RedisQueue::note_delayed(Duration delay) {
    bool anybody = false;
    {
        const std::lock_guard lock(mutex_);
        look_at_ = std::min(look_at_, Loop::current()->now() + delay);
        anybody = room_locked() > 0;
        ensure_somebody_looks_locked();
    }
    if (!anybody) node_.notifier().offer_delayed();
}

void RedisQueue::look() {
    const std::lock_guard lock(mutex_);
    look_at_ = {};
    ensure_somebody_looks_locked();
}

// -- Receiving

std::shared_ptr<RedisQueue::Seat> RedisQueue::take_seat(Loop& loop, NodeId node, int slots) {
    auto seat = std::make_shared<Seat>(loop, node);
    const std::lock_guard lock(mutex_);
    seats_.push_back(seat);
    slots_[node] = slots;
    if (slots_locked() != slots_told_) attention_.set();
    return seat;
}

void RedisQueue::close(Seat& seat) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seat.closed, true)) return;
    std::erase_if(seats_, [&seat](const auto& one) { return one.get() == &seat; });
    wake_locked(seat);
    if (std::ranges::none_of(seats_, [&seat](const auto& one) { return one->node == seat.node; }))
        slots_.erase(seat.node);
    if (seat.handed) place_locked(std::move(seat.handed));
    ensure_somebody_looks_locked();
}

int RedisQueue::room_locked() const {
    return static_cast<int>(std::count_if(seats_.begin(), seats_.end(),
                                          [](const auto& seat) { return seat->waiting; }));
}

RedisQueue::Seat* RedisQueue::next_waiting_locked() {
    for (std::size_t i = 0; i < seats_.size(); ++i) {
        Seat& seat = *seats_[next_seat_++ % seats_.size()];
        if (seat.waiting) return &seat;
    }
    return nullptr;
}

void RedisQueue::wake_locked(Seat& seat) {
    seat.waiting = false;
    seat.signal.set();
}

// While receivers wait, one of them wakes up when it is time to look for what is due.
void RedisQueue::ensure_somebody_looks_locked() {
    if (looking_) return;
    for (const auto& seat : seats_) {
        if (seat->waiting && seat->wakes_at <= look_at_) return;
    }
    if (Seat* const seat = next_waiting_locked()) wake_locked(*seat);
}

void RedisQueue::place_locked(std::unique_ptr<Delivery> delivery) {
    if (Seat* const seat = next_waiting_locked()) {
        seat->handed = std::move(delivery);
        return wake_locked(*seat);
    }
    ready_.push_back({std::move(delivery), node_.loop().now()});
    if (seats_.empty()) attention_.set();
}

void RedisQueue::hand_out(RedisValue entries) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string id(entries[i][0].text());
        const auto operation = operation_of(entries[i][1]);
        if (!operation) {
            log::error(
                "redis entry {} of {} was not written by a2akit; remove it (XDEL), or choose "
                "another stream",
                id, stream_);
            continue;
        }
        // It may be held already, when this process was slow to say that it is.
        if (held_.insert(id).second) place_locked(std::make_unique<Entry>(*this, id, *operation));
    }
    ensure_somebody_looks_locked();
}

RedisQueue::Step RedisQueue::next_step(Seat& seat) {
    Step step;
    const std::lock_guard lock(mutex_);
    seat.waiting = false;
    seat.signal.reset();
    if (stopped_ || seat.closed) {
        step.ended = true;
        return step;
    }
    if (seat.handed) {
        step.delivery = std::move(seat.handed);
        return step;
    }
    if (!ready_.empty()) {
        step.delivery = std::move(ready_.front().delivery);
        ready_.pop_front();
        return step;
    }
    const SteadyTime now = seat.loop.now();
    if (!looking_ && now >= look_at_) {
        looking_ = true;
        look_at_ = SteadyTime::max();
        step.look = true;
        return step;
    }
    seat.waiting = true;
    seat.wakes_at = step.wait_until =
        looking_ ? now + kLookEvery : std::min(look_at_, now + kLookEvery);
    wanted_.set();
    return step;
}

Async<std::unique_ptr<Delivery>> RedisQueue::receive(std::shared_ptr<Seat> seat) {
    for (;;) {
        Step step = next_step(*seat);
        if (step.ended) co_return nullptr;
        if (step.delivery) co_return std::move(step.delivery);
        if (step.look)
            co_await look_for_due();
        else
            co_await seat->signal.wait_until(step.wait_until);
    }
}

Async<void> RedisQueue::look_for_due() {
    std::vector<std::string> args{node_.now(), std::to_string(kMostDue)};
    const auto looked = co_await node_.run(node_.scripts().due, keys_, std::move(args));
    if (!looked) log::debug("redis looking for what is due failed: {}", looked.error().message);
    const std::int64_t next = looked ? looked->value().number() : -1;
    const SteadyTime at =
        Loop::current()->now() + (next < 0 ? kLookEvery : std::min(Duration(next), kLookEvery));
    const std::lock_guard lock(mutex_);
    looking_ = false;
    look_at_ = std::min(look_at_, at);
    ensure_somebody_looks_locked();
}

// -- Reading

AsyncResult<void> RedisQueue::prepare() {
    std::vector<std::string> args{node_.names().group};
    const auto prepared = co_await node_.run(node_.scripts().prepare, keys_, std::move(args));
    if (!prepared) co_return fail(prepared.error());
    co_return Result<void>();
}

Async<void> RedisQueue::read() {
    for (;;) {
        int room = 0;
        {
            const std::lock_guard lock(mutex_);
            if (stopped_) co_return;
            room = room_locked();
            if (room == 0) wanted_.reset();
        }
        if (room == 0) {
            co_await wanted_.wait();
            continue;
        }
        if (co_await read_once(room)) continue;
        const SteadyTime until = node_.loop().now() + kPause;
        co_await stop_reading_.wait_until(until);
    }
}

// False: there was trouble.
Async<bool> RedisQueue::read_once(int room) {
    const Duration block = node_.names().block;
    RedisCommand command{"XREADGROUP", "GROUP", node_.names().group, consumer_, "COUNT"};
    command.add(room).add("BLOCK").add(block.count()).add("STREAMS").add(stream_).add(">");
    const auto answered = co_await reading_.run(std::move(command), block);
    if (!answered) co_return false;
    const RedisValue value = answered->value();
    if (value.is_error()) {
        if (!is_group_missing(value.text())) {
            (void)reply_error(value.text());
            co_return false;
        }
        const Result<void> prepared = co_await prepare();
        co_return prepared.has_value();
    }
    hand_out(value[0][1]);
    co_return true;
}

// -- Answering

AsyncResult<void> RedisQueue::ack(std::string id, RunOperation operation) {
    let_go(id);
    std::vector<std::string> args{node_.names().group, std::move(id), name_of(operation),
                                  node_.now()};
    const auto done = co_await node_.run(node_.scripts().ack, keys_, std::move(args));
    if (!done) co_return fail(done.error());
    co_return Result<void>();
}

AsyncResult<void> RedisQueue::nack(std::string id, RunOperation operation, Duration delay) {
    let_go(id);
    std::vector<std::string> args{node_.names().group, std::move(id), name_of(operation),
                                  node_.now(), std::to_string(delay.count())};
    const auto done = co_await node_.run(node_.scripts().nack, keys_, std::move(args));
    if (!done) co_return fail(done.error());
    if (delay > Duration::zero()) note_delayed(delay);
    co_return Result<void>();
}

}  // namespace a2akit::redis
