#include "backends/postgres/run_queue.hpp"

#include "backends/postgres/postgres_node.hpp"
#include "backends/postgres/snapshot_reader.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::postgres {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kLookAfterTrouble = std::chrono::seconds(1);
constexpr Duration kTidyEvery(250);
constexpr Duration kReadyFor(500);  // entries not received by then go back, for other nodes
constexpr Duration kVisibleAgain = std::chrono::seconds(30);
constexpr Duration kRenewEvery = std::chrono::seconds(10);
constexpr int kFetches = 2;
constexpr int kMostAtOnce = 32;
constexpr Duration kTakenSoon(10);  // a receiver that returns this soon has room for more

/// An entry of the queue table, or a run that was claimed while it was taken out.
class PostgresDelivery final : public Delivery {
public:
    PostgresDelivery(PostgresNode& node, RunOperation operation, WriteId taken) noexcept
        : node_(node), operation_(operation), taken_(taken) {
        node_.queue().hold(operation_, taken_);
    }
    PostgresDelivery(PostgresNode& node, RunOperation operation, Run run) noexcept
        : node_(node),
          operation_(operation),
          epoch_(run.epoch),
          claimed_(std::move(run)),
          has_run_(true) {}
    ~PostgresDelivery() override {
        if (answered_) return;
        if (has_run_)
            node_.queue().drop(operation_, epoch_, Duration::zero());
        else
            node_.queue().let_go(operation_);
    }

    [[nodiscard]] const RunOperation& operation() const noexcept override { return operation_; }
    [[nodiscard]] Run* claimed() noexcept override { return claimed_ ? &*claimed_ : nullptr; }

    AsyncResult<void> ack() override {
        answered_ = true;
        if (!has_run_) return answer(node_.sql().ack, std::nullopt);
        node_.queue().finish(operation_);  // its row went when it was claimed
        return Result<void>();
    }
    AsyncResult<void> nack(Duration delay) override {
        answered_ = true;
        if (!has_run_) return answer(node_.sql().nack, delay);
        node_.queue().drop(operation_, epoch_, delay);
        return Result<void>();
    }

private:
    AsyncResult<void> answer(const PgStatement& statement, std::optional<Duration> delay) {
        node_.queue().let_go(operation_);
        PgParams params;
        params.add(operation_.task).add(operation_.turn).add(taken_);
        if (delay) {
            // Not through params(), which puts the time first.
            const PgParams time = node_.params();
            params.append(time);
            params.add(static_cast<std::int64_t>(delay->count()));
        }
        const auto done = co_await node_.run(statement, std::move(params));
        if (!done) co_return fail(done.error());
        if (delay) node_.queue().hint();
        co_return Result<void>();
    }

    PostgresNode& node_;
    const RunOperation operation_;
    const WriteId taken_{};
    const Epoch epoch_ = 0;
    std::optional<Run> claimed_;
    const bool has_run_ = false;
    bool answered_ = false;
};

}  // namespace

void RunQueue::start() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = false;
        dirty_ = true;
    }
    stop_tidying_.reset();
    group_.spawn(tidy_regularly());
}

Async<void> RunQueue::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        for (const auto& seat : seats_) seat->signal.set();
    }
    stop_tidying_.set();
    co_await group_.join();
    co_await tidy(SteadyTime::max());
}

// -- Hints

void RunQueue::wake_one_locked() {
    Seat* chosen = nullptr;
    for (const auto& seat : seats_) {
        if (!seat->waiting) continue;
        if (chosen == nullptr || &seat->loop == Loop::current()) chosen = seat.get();
    }
    if (chosen == nullptr) return;
    chosen->waiting = false;
    chosen->signal.set();
}

void RunQueue::hint(int entries, std::uint64_t owner) {
    bool anybody = false;
    {
        const std::lock_guard lock(mutex_);
        shares_.see(owner);
        dirty_ = hinted_ = true;
        hints_ += entries;
        anybody = fetching_ != 0 || std::any_of(seats_.begin(), seats_.end(),
                                                [](const auto& s) { return s->waiting; });
        if (fetching_ < kFetches) wake_one_locked();
    }
    if (!anybody) node_.notifier().offer_runs();
}

void RunQueue::hint_from_afar() {
    const std::lock_guard lock(mutex_);
    dirty_ = true;
    wake_one_locked();
}

// -- Receiving

std::shared_ptr<RunQueue::Seat> RunQueue::take_seat(Loop& loop, NodeId node, int slots) {
    auto seat = std::make_shared<Seat>(loop, node);
    const std::lock_guard lock(mutex_);
    shares_.join(node, slots);
    seats_.push_back(seat);
    return seat;
}

void RunQueue::close(Seat& seat) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seat.closed, true)) return;
    std::erase_if(seats_, [&seat](const auto& one) { return one.get() == &seat; });
    shares_.leave(seat.node);
    seat.waiting = false;
    seat.signal.set();
    if (dirty_ || !ready_.empty()) wake_one_locked();  // what it was woken for
}

// What the receivers can still take. Runs that are fetched beyond it would be claimed, and handed
// back, for nothing.
int RunQueue::room_locked() const {
    int room = -coming_;
    for (const auto& seat : seats_) {
        if (seat->waiting || seat->fetching) room += seat->room;
    }
    return room;
}

RunQueue::Step RunQueue::next_step(Seat& seat, int room) {
    Step step;
    const std::lock_guard lock(mutex_);
    seat.waiting = false;
    seat.fetching = false;
    seat.room = room;
    seat.signal.reset();
    if (stopped_ || seat.closed) {
        step.ended = true;
        return step;
    }
    if (!ready_.empty()) {
        step.delivery = std::move(ready_.front().delivery);
        ready_.pop_front();
        if (!ready_.empty()) wake_one_locked();
        return step;
    }
    const SteadyTime now = seat.loop.now();
    const int free = room + room_locked();
    if (fetching_ == kFetches || free <= 0 || (!dirty_ && now < look_at_))
        return wait_locked(seat, now);
    step.look = shares_.look(wanted_locked(now, free), coming_);
    if (step.look.limit == 0) return wait_locked(seat, now);
    step.after = after_;
    step.hinted = std::exchange(hinted_, false);
    ++fetching_;
    seat.fetching = true;
    dirty_ = false;
    hints_ = 0;
    look_at_ = now + kLookEvery;
    coming_ += step.look.limit;
    return step;
}

RunQueue::Step RunQueue::wait_locked(Seat& seat, SteadyTime now) {
    seat.waiting = true;
    Step step;
    step.wait_until = fetching_ != 0 ? now + kLookEvery : std::max(look_at_, now + Duration(1));
    return step;
}

// Runs that are claimed together share one commit; a run that is not received soon is handed back.
int RunQueue::wanted_locked(SteadyTime now, int free) {
    const auto waiting =
        1 + std::count_if(seats_.begin(), seats_.end(), [](const auto& s) { return s->waiting; });
    const int backlog = now < fetched_ + kTakenSoon ? backlog_ : 1;
    const int wanted =
        std::max({static_cast<int>(waiting), node_.enqueues() ? hints_ : 1, backlog});
    return std::min({wanted, free, kMostAtOnce});
}

Async<std::unique_ptr<Delivery>> RunQueue::receive(std::shared_ptr<Seat> seat, Lease lease,
                                                   int room) {
    for (;;) {
        Step step = next_step(*seat, room);
        if (step.ended) co_return nullptr;
        if (step.delivery) co_return std::move(step.delivery);
        if (step.look.limit != 0)
            co_await fetch(seat->node, lease, std::move(step));
        else
            co_await seat->signal.wait_until(step.wait_until);
        if (time_to_renew(seat->loop.now(), renewed_)) co_await renew_held();
    }
}

Async<void> RunQueue::fetch(NodeId node, Lease lease, Step step) {
    const bool claims = node_.enqueues();
    const SlotShares::Look& look = step.look;
    const WriteId id = WriteId::next();
    PgParams params = node_.params();
    params.add(id).add(node).add(static_cast<std::int64_t>(lease.count()));
    params.add(look.limit).add(claims).add(static_cast<std::int64_t>(kVisibleAgain.count()));
    params.add(look.in_turn).add(step.after).add(look.most).i64s(look.owners).i64s(look.held);
    auto rows = co_await node_.run(node_.sql().receive, params);
    if (!rows && claims && rows.error().code == ErrorCode::kInternal)
        co_return co_await pass_over_damaged(std::move(params), step);
    Fetched fetched;
    if (!rows) {
        log::debug("postgres receiving failed: {}", rows.error().message);
        fetched.next = kLookAfterTrouble;
        if (claims) {
            const std::lock_guard lock(mutex_);
            lost_.push_back({node, id});
        }
    }
    for (int i = 0; rows && i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        if (!row.is_null()) {
            if (auto entry = read_entry(row, id)) fetched.deliveries.push_back(std::move(entry));
            continue;
        }
        row.skip();
        fetched.left = row.i32() != 0;
        row.skip(), row.skip();
        if (const auto delay = row.optional_i64()) fetched.next = Duration(*delay);
    }
    end_fetch(std::move(fetched), step);
}

// The server cannot read some value of one of the tasks. The entries are taken without contents: an
// attempt of the damaged task is over, the others come again.
Async<void> RunQueue::pass_over_damaged(PgParams params, const Step& step) {
    const auto rows = co_await node_.run(node_.sql().receive_heads, std::move(params));
    Fetched fetched;
    fetched.next = rows ? Duration(0) : kLookAfterTrouble;
    for (int i = 0; rows && i < rows->size(); ++i) {
        PgRow row = (*rows)[i];
        if (row.is_null()) continue;
        Dropped dropped;
        dropped.task = TaskId{row.uuid()};
        dropped.turn = static_cast<Turn>(row.i32());
        row.skip(), row.skip(), row.skip();
        dropped.epoch = static_cast<Epoch>(row.i64());
        dropped.how = row.boolean() ? Release::kHandBack : Release::kRetry;
        if (dropped.how == Release::kRetry)
            node_.unreadable().note(dropped.task, "PostgreSQL finds a stored value damaged");
        const std::lock_guard lock(mutex_);
        dropped_.push_back(dropped);
    }
    end_fetch(std::move(fetched), step);
}

// Null: its run cannot be read.
std::unique_ptr<Delivery> RunQueue::read_entry(PgRow& row, WriteId id) {
    RunOperation operation;
    operation.task = TaskId{row.uuid()};
    operation.turn = static_cast<Turn>(row.i32());
    operation.owner = static_cast<std::uint64_t>(row.i64());
    const bool claimed = row.boolean();
    row.skip();
    if (!claimed) return std::make_unique<PostgresDelivery>(node_, operation, id);
    const auto epoch = static_cast<Epoch>(row.i64());
    Result<Run> run = read_received_run(row, operation.turn, epoch);
    if (run) return std::make_unique<PostgresDelivery>(node_, operation, std::move(*run));
    node_.unreadable().note(operation.task, run.error().message);
    const std::lock_guard lock(mutex_);
    dropped_.push_back({operation.task, operation.turn, epoch, {}, Release::kRetry});
    return nullptr;
}

void RunQueue::end_fetch(Fetched fetched, const Step& step) {
    const SteadyTime now = Loop::current()->now();
    const int limit = step.look.limit;
    const std::lock_guard lock(mutex_);
    --fetching_;
    coming_ -= limit;
    const auto& next = fetched.next;
    const bool more =
        static_cast<int>(fetched.deliveries.size()) == limit && next && next->count() <= 0;
    if (more) dirty_ = true;
    // The longer the queue, the more the next look takes, as long as receivers take all of it
    // immediately.
    backlog_ = more ? 2 * limit : 1;
    fetched_ = now;
    if (next) look_at_ = std::min(look_at_, now + std::max(*next, Duration(0)));
    for (auto& one : fetched.deliveries) {
        after_ = static_cast<std::int64_t>(one->operation().owner);
        shares_.begin(one->operation().owner);
        ready_.push_back({std::move(one), node_.loop().now()});
    }
    shares_.left_entries(fetched.left);
    // The caller takes the first itself.
    if (ready_.size() > 1 || dirty_) wake_one_locked();
    if (fetched.left && step.hinted) node_.notifier().offer_runs();  // others may have room
}

// An entry has been answered.
void RunQueue::end_locked(RunOperation operation) {
    if (!shares_.end(operation.owner)) return;
    dirty_ = true;
    wake_one_locked();
}

// -- What nobody took

void RunQueue::hold(RunOperation operation, WriteId taken) {
    const std::lock_guard lock(mutex_);
    held_[{operation.task, operation.turn}] = taken;
}

void RunQueue::let_go(RunOperation operation) {
    const std::lock_guard lock(mutex_);
    held_.erase({operation.task, operation.turn});
    end_locked(operation);
}

void RunQueue::finish(RunOperation operation) {
    const std::lock_guard lock(mutex_);
    end_locked(operation);
}

bool RunQueue::time_to_renew(SteadyTime now, SteadyTime& last) {
    const std::lock_guard lock(mutex_);
    if (held_.empty() || now < last + kRenewEvery) return false;
    last = now;
    return true;
}

Async<void> RunQueue::renew_held() {
    std::vector<Uuid> tasks;
    std::vector<Uuid> taken;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [operation, by] : held_) {
            tasks.push_back(operation.first);
            taken.push_back(by);
        }
    }
    PgParams params = node_.params();
    params.uuids(tasks.data(), tasks.size()).uuids(taken.data(), taken.size());
    params.add(static_cast<std::int64_t>(kVisibleAgain.count()));
    const auto renewed = co_await node_.run(node_.sql().hold, std::move(params));
    if (!renewed)
        log::warn("postgres holding entries of the queue failed: {}", renewed.error().message);
}

void RunQueue::drop(RunOperation operation, Epoch epoch, Duration delay) {
    const std::lock_guard lock(mutex_);
    dropped_.push_back({operation.task, operation.turn, epoch, delay, Release::kHandBack});
    end_locked(operation);
}

std::vector<std::unique_ptr<Delivery>> RunQueue::take_stale(SteadyTime before) {
    std::vector<std::unique_ptr<Delivery>> stale;
    const std::lock_guard lock(mutex_);
    while (!ready_.empty() && ready_.front().since < before) {
        stale.push_back(std::move(ready_.front().delivery));
        ready_.pop_front();
    }
    return stale;
}

Async<void> RunQueue::tidy_regularly() {
    Loop& loop = *Loop::current();
    SteadyTime renewed = loop.now();
    while (!co_await stop_tidying_.wait_until(loop.now() + kTidyEvery)) {
        co_await tidy(loop.now() - kReadyFor);
        // Receivers that have no room do not wait, and so renew nothing.
        if (time_to_renew(loop.now(), renewed)) co_await renew_held();
    }
}

Async<void> RunQueue::tidy(SteadyTime ready_before) {
    for (const auto& stale : take_stale(ready_before)) {
        const Result<void> answered = co_await stale->nack(Duration::zero());
        if (!answered)
            log::debug("postgres putting an entry back failed: {}", answered.error().message);
    }
    std::vector<Dropped> dropped;
    std::vector<Lost> lost;
    {
        const std::lock_guard lock(mutex_);
        dropped.swap(dropped_);
        lost.swap(lost_);
    }
    for (const Dropped& one : dropped) co_await hand_back(one);
    for (const Lost& one : lost) {
        PgParams params = node_.params();
        params.add(one.node).uuids(&one.claims, 1);
        const auto done = co_await node_.run(node_.sql().give_back, std::move(params));
        const std::lock_guard lock(mutex_);
        if (!done)
            lost_.push_back(one);
        else
            dirty_ = true;
    }
}

Async<void> RunQueue::hand_back(Dropped one) {
    PgParams params = node_.params();
    params.add(one.task)
        .add(one.epoch)
        .add(static_cast<std::int32_t>(one.how))
        .add(std::int64_t{0});
    const auto released = co_await node_.run(node_.sql().release, std::move(params));
    if (!released) {
        const std::lock_guard lock(mutex_);
        dropped_.push_back(one);
        co_return;
    }
    // The attempt counts: the sweeps bring the turn again, or end the task.
    if (one.how == Release::kRetry) co_return;
    if (released->size() != 1 || (*released)[0].is_null()) co_return;
    PgParams again = node_.params();
    again.add(one.task).add((*released)[0].i32()).add(static_cast<std::int64_t>(one.delay.count()));
    const auto enqueued = co_await node_.run(node_.sql().enqueue_in, std::move(again));
    if (enqueued) hint(0);  // it was counted when it came
}

}  // namespace a2akit::postgres
