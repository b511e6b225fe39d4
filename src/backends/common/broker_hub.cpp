#include "backends/common/broker_hub.hpp"

#include <algorithm>

namespace a2akit::local {

BrokerHub::~BrokerHub() {
    for (Shard& shard : shards_) {
        shard.entries.for_each([](BrokerEntry& entry) { delete &entry; });
    }
}

void BrokerHub::start() {
    const std::lock_guard lock(mutex_);
    ++users_;
    stopped_ = false;
}

void BrokerHub::stop() {
    const std::lock_guard lock(mutex_);
    if (users_ > 0 && --users_ > 0) return;
    stopped_ = true;
    for (Seat* seat : open_) {
        stop_waiting(*seat);
        seat->signal.set();
    }
}

// -- Entries -------------------------------------------------------------------------------------------------------

void BrokerHub::enqueue(RunOperation operation, std::optional<Timestamp> not_before) {
    const std::uint64_t hash = hash_of(operation);
    Shard& shard = shards_[shard_of(hash)];
    const std::lock_guard lock(shard.mutex);
    BrokerEntry* known =
        shard.entries.find(hash, [&](const BrokerEntry& entry) { return entry.operation == operation; });
    if (known == nullptr) {
        auto* entry = new BrokerEntry(operation);
        shard.entries.insert(*entry, hash);
        const std::lock_guard queues(mutex_);
        place(*entry, not_before);
        return;
    }
    const std::lock_guard queues(mutex_);
    if (!known->delayed || (not_before && known->due <= *not_before)) return;
    undelay(*known);
    place(*known, not_before);
}

// -- Claimed runs --------------------------------------------------------------------------------------------------

Seat* BrokerHub::reserve(const Loop* loop) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return nullptr;
    Seat* found = nullptr;
    for (Seat* seat : open_) {
        if (!seat->has_room() || seat->node.is_nil()) continue;
        if (found == nullptr || seat->reserved < found->reserved) found = seat;
        if (&seat->loop == loop) {
            found = seat;
            break;
        }
    }
    if (found != nullptr) ++found->reserved;
    return found;
}

void BrokerHub::deliver(Seat& seat, RunOperation operation, std::unique_ptr<Run> run) {
    auto made = std::make_unique<BrokerEntry>(operation);
    BrokerEntry& entry = *made.release();  // the shard's tables own what they hold
    entry.run = std::move(run);
    const std::uint64_t hash = hash_of(operation);
    {
        Shard& shard = shards_[shard_of(hash)];
        const std::lock_guard lock(shard.mutex);
        shard.entries.insert(entry, hash);
    }
    const std::lock_guard lock(mutex_);
    --seat.reserved;
    if (seat.closed) {
        drop_claimed(entry);
        return end_if_unused(seat);
    }
    if (seat.waiting) return hand(seat, entry);
    seat.claimed.push(entry);
}

void BrokerHub::let_go(Seat& seat) {
    const std::lock_guard lock(mutex_);
    --seat.reserved;
    if (seat.waiting) {  // what was kept from it meanwhile is in a queue
        stop_waiting(seat);
        seat.signal.set();
    }
    end_if_unused(seat);
}

void BrokerHub::drop_claimed(BrokerEntry& entry) { dropped_.push_back(&entry); }

std::vector<std::unique_ptr<Run>> BrokerHub::take_unwanted() {
    std::vector<BrokerEntry*> entries;
    {
        const std::lock_guard lock(mutex_);
        entries.swap(dropped_);
    }
    std::vector<std::unique_ptr<Run>> runs;
    for (BrokerEntry* entry : entries) {
        runs.push_back(std::move(entry->run));
        forget(*entry);
    }
    return runs;
}

void BrokerHub::put_back(BrokerEntry& entry, Duration delay) {
    const std::lock_guard lock(mutex_);
    if (delay > Duration::zero()) place(entry, clock_->now() + delay);
    else place(entry, std::nullopt);
}

void BrokerHub::forget(BrokerEntry& entry) {
    Shard& shard = shards_[shard_of(entry.TableLink<BrokerEntry>::hash)];
    {
        const std::lock_guard lock(shard.mutex);
        shard.entries.remove(entry);
    }
    delete &entry;
}

void BrokerHub::place(BrokerEntry& entry, std::optional<Timestamp> not_before) {
    if (not_before && *not_before > clock_->now()) return delay(entry, *not_before);
    push(entry);
}

void BrokerHub::delay(BrokerEntry& entry, Timestamp due) {
    entry.due = due;
    entry.delayed = true;
    delayed_.emplace(due, &entry);
    ensure_somebody_wakes();
}

void BrokerHub::undelay(BrokerEntry& entry) {
    delayed_.erase({entry.due, &entry});
    entry.delayed = false;
}

void BrokerHub::promote_due(Seat& seat) {
    if (delayed_.empty()) return;
    const Timestamp now = clock_->now();
    while (!delayed_.empty() && delayed_.begin()->first <= now) {
        BrokerEntry& entry = *delayed_.begin()->second;
        undelay(entry);
        seat.queue.push(entry);
    }
}

// -- Who gets them -------------------------------------------------------------------------------------------------

Seat* BrokerHub::local_seat() noexcept {
    const Loop* here = Loop::current();
    Seat* local = nullptr;
    for (Seat* seat : open_) {
        if (&seat->loop != here) continue;
        if (seat->has_room()) return seat;
        if (local == nullptr || seat->handed != nullptr || seat->offering) local = seat;
    }
    return local;
}

Seat* BrokerHub::any_waiting() noexcept {
    if (waiting_ == 0) return nullptr;
    for (std::size_t i = 0; i < open_.size(); ++i) {
        Seat* seat = open_[next_waiting_++ % open_.size()];
        if (seat->has_room()) return seat;
    }
    return nullptr;
}

void BrokerHub::push(BrokerEntry& entry) {
    Seat* local = local_seat();
    if (local != nullptr && local->has_room()) return hand(*local, entry);
    if (local != nullptr && (local->handed != nullptr || local->offering)) {
        local->queue.push(entry);
        if (!std::exchange(local->offering, true)) local->loop.post(*local);
        return;
    }
    if (Seat* elsewhere = any_waiting()) return hand(*elsewhere, entry);
    (local != nullptr ? local->queue : unplaced_).push(entry);
}

void BrokerHub::hand(Seat& seat, BrokerEntry& entry) {
    stop_waiting(seat);
    seat.handed = &entry;
    seat.signal.set();
    ensure_somebody_wakes();
}

void BrokerHub::stop_waiting(Seat& seat) {
    if (!std::exchange(seat.waiting, false)) return;
    --waiting_;
    seat.wakes_at.reset();
}

void BrokerHub::distribute(Seat& seat) {
    while (!seat.queue.empty()) {
        Seat* elsewhere = any_waiting();
        if (elsewhere == nullptr) return;
        hand(*elsewhere, *seat.queue.pop());
    }
}

// Of the waiting seats at least one looks again when the next delayed entry is due. When nobody waits nobody needs to:
// whoever comes for an entry looks at the delayed ones, too.
void BrokerHub::ensure_somebody_wakes() {
    if (delayed_.empty() || waiting_ == 0) return;
    const Timestamp next = delayed_.begin()->first;
    for (const Seat* seat : open_) {
        if (seat->waiting && seat->wakes_at && *seat->wakes_at <= next) return;
    }
    Seat* seat = any_waiting();
    if (seat == nullptr) return;  // they look once they got what they were promised
    seat->wakes_at = next;
    seat->signal.set();
}

BrokerEntry* BrokerHub::pick(Seat& seat) {
    if (BrokerEntry* handed = std::exchange(seat.handed, nullptr)) return handed;
    if (BrokerEntry* claimed = seat.claimed.pop()) return claimed;
    if (seat.all_promised()) return nullptr;
    promote_due(seat);
    if (BrokerEntry* own = seat.queue.pop()) return own;
    if (BrokerEntry* entry = unplaced_.pop()) return entry;
    for (Seat* other : open_) {
        // An offer is on its way to whatever stands behind it: leave that on its loop while it may still be taken there.
        if (other->offering) continue;
        if (BrokerEntry* entry = other->queue.pop()) return entry;
    }
    return nullptr;
}

BrokerHub::Taken BrokerHub::take_locked(Seat& seat, int room) {
    if (stopped_ || seat.closed) return {.ended = true};
    stop_waiting(seat);
    seat.room = room;
    BrokerEntry* entry = pick(seat);
    if (entry != nullptr || seat.all_promised()) {
        if (!seat.offering) distribute(seat);
        ensure_somebody_wakes();
    }
    return {.entry = entry};
}

BrokerHub::Taken BrokerHub::take(Seat& seat, int room) {
    const std::lock_guard lock(mutex_);
    return take_locked(seat, room);
}

BrokerHub::Taken BrokerHub::take_or_wait(Seat& seat, int room) {
    const std::lock_guard lock(mutex_);
    Taken taken = take_locked(seat, room);
    if (taken.entry != nullptr || taken.ended) return taken;
    seat.signal.reset();
    seat.waiting = true;
    ++waiting_;
    if (!delayed_.empty() && !seat.all_promised()) {
        seat.wakes_at = delayed_.begin()->first;
        taken.wait = std::max(Duration(1), *seat.wakes_at - clock_->now());
    }
    return taken;
}

// -- Seats ---------------------------------------------------------------------------------------------------------

Seat& BrokerHub::take_seat(Loop& loop, NodeId node, Lease lease) {
    const std::lock_guard lock(mutex_);
    Seat& seat = *seats_.emplace_back(std::make_unique<Seat>(loop, &BrokerHub::run_offer));
    seat.hub = this;
    seat.node = node;
    seat.lease = lease;
    open_.push_back(&seat);
    return seat;
}

void BrokerHub::close(Seat& seat) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seat.closed, true)) return;
    stop_waiting(seat);
    std::erase(open_, &seat);
    if (BrokerEntry* handed = std::exchange(seat.handed, nullptr)) {
        if (handed->run) drop_claimed(*handed);
        else push(*handed);
    }
    while (BrokerEntry* entry = seat.claimed.pop()) drop_claimed(*entry);
    while (BrokerEntry* entry = seat.queue.pop()) push(*entry);
    ensure_somebody_wakes();
    seat.signal.set();
}

void BrokerHub::release(Seat& seat) {
    const std::lock_guard lock(mutex_);
    seat.released = true;
    end_if_unused(seat);
}

void BrokerHub::end_if_unused(Seat& seat) {
    if (!seat.released || seat.offering || seat.reserved > 0) return;
    std::erase_if(seats_, [&](const auto& one) { return one.get() == &seat; });
}

void BrokerHub::run_offer(Work& work) noexcept {
    auto& seat = static_cast<Seat&>(work);
    seat.hub->offer(seat);
}

void BrokerHub::offer(Seat& seat) {
    const std::lock_guard lock(mutex_);
    seat.offering = false;
    if (seat.released) return end_if_unused(seat);
    distribute(seat);
}

}  // namespace a2akit::local
