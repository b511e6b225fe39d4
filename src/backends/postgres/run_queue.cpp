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

std::shared_ptr<RunQueue::Seat> RunQueue::take_seat(Loop& loop, NodeId node, Lease lease,
                                                    int slots) {
    auto seat = std::make_shared<Seat>(loop, node, lease);
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
    seat.receiving = false;
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
    seat.receiving = true;
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

Async<std::unique_ptr<Delivery>> RunQueue::receive(std::shared_ptr<Seat> seat, int room) {
    for (;;) {
        Step step = next_step(*seat, room);
        if (step.ended) co_return nullptr;
        if (step.delivery) co_return std::move(step.delivery);
        if (step.look.limit != 0)
            co_await fetch(*seat, std::move(step));
        else
            co_await seat->signal.wait_until(step.wait_until);
        if (time_to_renew(seat->loop.now(), renewed_)) co_await renew_held();
    }
}

Async<void> RunQueue::fetch(const Seat& seat, Step step) {
    const bool claims = node_.enqueues();
    const SlotShares::Look& look = step.look;
    const WriteId id = WriteId::next();
    PgParams params = node_.params();
    params.add(id).add(seat.node).add(static_cast<std::int64_t>(seat.lease.count()));
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
            lose_locked(seat.node, id);
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

// -- Claims of the writes that make turns

std::optional<RunQueue::Claim> RunQueue::promise_claim() {
    const std::lock_guard lock(mutex_);
    if (stopped_ || shares_.unguarded(coming_) <= 0) return std::nullopt;
    const Seat* chosen = nullptr;
    int room = -coming_ - static_cast<int>(ready_.size());
    for (const auto& seat : seats_) {
        if (!seat->receiving) continue;
        room += seat->room;
        chosen = seat.get();
    }
    if (room <= 0) return std::nullopt;
    ++coming_;
    return Claim{WriteId::next(), chosen->node, chosen->lease};
}

void RunQueue::deliver(RunOperation operation, Run run) {
    auto delivery = std::make_unique<PostgresDelivery>(node_, operation, std::move(run));
    const std::lock_guard lock(mutex_);
    --coming_;
    shares_.begin(operation.owner);
    ready_.push_back({std::move(delivery), node_.loop().now()});
    wake_one_locked();
}

void RunQueue::let_go(const Claim& claim, bool lost) {
    const std::lock_guard lock(mutex_);
    --coming_;
    if (lost) lose_locked(claim.node, claim.id);
    if (dirty_) wake_one_locked();
}

}  // namespace a2akit::postgres
