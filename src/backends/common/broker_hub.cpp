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

// -- Entries

void BrokerHub::enqueue(RunOperation operation, std::optional<Timestamp> not_before) {
    const std::uint64_t hash = hash_of(operation);
    Shard& shard = shards_[shard_of(hash)];
    const std::lock_guard lock(shard.mutex);
    BrokerEntry* known = shard.entries.find(
        hash, [&](const BrokerEntry& entry) { return entry.operation == operation; });
    if (known == nullptr) {
        auto* entry = new BrokerEntry(operation);
        shard.entries.insert(*entry, hash);
        const std::lock_guard queues(mutex_);
        entry->share = join_share(operation.owner);
        place(*entry, not_before);
        return;
    }
    const std::lock_guard queues(mutex_);
    if (!known->delayed || (not_before && known->due <= *not_before)) return;
    undelay(*known);
    place(*known, not_before);
}

// -- Claimed runs

Seat* BrokerHub::reserve(const Loop* loop, std::uint64_t owner) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return nullptr;
    if (const auto share = shares_.find(owner);
        share != shares_.end() && has_its_share(&share->second))
        return nullptr;
    Seat* found = nullptr;
    for (Seat* seat : open_) {
        if (!seat->has_room() || !seat->claims) continue;
        if (found == nullptr || seat->reserved < found->reserved) found = seat;
        if (&seat->loop == loop) {
            found = seat;
            break;
        }
    }
    if (found == nullptr) return nullptr;
    ++found->reserved;
    ++running_;
    if (OwnerShare* share = join_share(owner)) ++share->running;
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
    entry.running = true;  // counted when its seat was reserved
    if (const auto share = shares_.find(operation.owner); share != shares_.end())
        entry.share = &share->second;
    if (seat.closed) {
        drop_claimed(entry);
        return end_if_unused(seat);
    }
    if (seat.waiting) return hand(seat, entry);
    seat.claimed.push(entry);
}

void BrokerHub::let_go(Seat& seat, std::uint64_t owner) {
    const std::lock_guard lock(mutex_);
    --seat.reserved;
    --running_;
    if (const auto share = shares_.find(owner); share != shares_.end()) {
        --share->second.running;
        --share->second.entries;
    }
    hand_out_kept();
    if (seat.waiting) {  // entries that it missed meanwhile are in a queue
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
    end(entry);
    if (delay > Duration::zero())
        place(entry, clock_->now() + delay);
    else
        place(entry, std::nullopt);
    hand_out_kept();
}

void BrokerHub::forget(BrokerEntry& entry) {
    Shard& shard = shards_[shard_of(entry.TableLink<BrokerEntry>::hash)];
    {
        const std::lock_guard lock(shard.mutex);
        shard.entries.remove(entry);
    }
    {
        const std::lock_guard lock(mutex_);
        end(entry);
        if (entry.share != nullptr) --entry.share->entries;
        hand_out_kept();
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
        queue(seat.queue, entry);
    }
}

// -- Who gets them

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
    if (has_its_share(entry.share)) return keep_back(entry, false);
    Seat* local = local_seat();
    if (local != nullptr && local->has_room()) return hand(*local, entry);
    if (local != nullptr && (local->handed != nullptr || local->offering)) {
        queue(local->queue, entry);
        if (!std::exchange(local->offering, true)) local->loop.post(*local);
        return;
    }
    if (Seat* elsewhere = any_waiting()) return hand(*elsewhere, entry);
    queue(local != nullptr ? local->queue : unplaced_, entry);
}

void BrokerHub::queue(EntryQueue& queue, BrokerEntry& entry) {
    if (OwnerShare* share = entry.share) {
        if (slots_are_scarce() && (share->queued != 0 || !share->kept.empty()))
            return keep_back(entry, false);
        ++share->queued;
    }
    queue.push(entry);
}

void BrokerHub::hand(Seat& seat, BrokerEntry& entry) {
    stop_waiting(seat);
    begin(entry);
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
        if (BrokerEntry* entry = next_of(seat.queue)) hand(*elsewhere, *entry);
    }
    hand_out_kept();
}

// At least one waiting seat looks again when the next delayed entry is due. If no seat waits, that
// is not needed: a receiver that comes for an entry looks at the delayed ones, too.
void BrokerHub::ensure_somebody_wakes() {
    if (delayed_.empty() || waiting_ == 0) return;
    const Timestamp next = delayed_.begin()->first;
    for (const Seat* seat : open_) {
        if (seat->waiting && seat->wakes_at && *seat->wakes_at <= next) return;
    }
    Seat* seat = any_waiting();
    if (seat == nullptr) return;  // they look again once their promised runs have arrived
    seat->wakes_at = next;
    seat->signal.set();
}

BrokerEntry* BrokerHub::pick(Seat& seat) {
    if (BrokerEntry* handed = std::exchange(seat.handed, nullptr)) return handed;
    if (BrokerEntry* claimed = seat.claimed.pop()) return claimed;
    if (seat.all_promised()) return nullptr;
    promote_due(seat);
    // Entries that are kept back and entries in the queues take turns, so that neither kind waits
    // for all of the other.
    BrokerEntry* entry = std::exchange(kept_are_next_, !kept_are_next_) ? next_kept() : nullptr;
    if (entry == nullptr) entry = next_queued(seat);
    if (entry == nullptr) entry = next_kept();
    if (entry != nullptr) begin(*entry);
    return entry;
}

BrokerEntry* BrokerHub::next_queued(Seat& seat) {
    if (BrokerEntry* own = next_of(seat.queue)) return own;
    if (BrokerEntry* entry = next_of(unplaced_)) return entry;
    for (Seat* other : open_) {
        // An offer for the entries behind it is posted already: leave them on their loop while they
        // may still be taken there.
        if (other->offering) continue;
        if (BrokerEntry* entry = next_of(other->queue)) return entry;
    }
    return nullptr;
}

BrokerHub::Taken BrokerHub::take(Seat& seat, int room) {
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

BrokerHub::Taken BrokerHub::take_or_wait(Seat& seat, int room) {
    const std::lock_guard lock(mutex_);
    Taken taken = take(seat, room);
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

// -- Shares of owners

OwnerShare* BrokerHub::join_share(std::uint64_t owner) {
    if (owner == 0) return nullptr;
    OwnerShare& share = shares_[owner];
    ++share.entries;
    if (shares_.size() > most_idle_shares_) forget_idle_owners();
    return &share;
}

// The cost is amortised over the owners that it looks at.
void BrokerHub::forget_idle_owners() {
    std::erase_if(shares_, [](const auto& one) { return one.second.entries == 0; });
    most_idle_shares_ = std::max(kMostShares, 2 * shares_.size());
}

int BrokerHub::most_of_one_owner() const noexcept {
    if (slots_ == 0) return std::numeric_limits<int>::max();
    if (shares_.size() < 2) return slots_;
    return std::max(1, slots_ - std::max(1, slots_ / 4));
}

bool BrokerHub::has_its_share(const OwnerShare* share) const noexcept {
    return share != nullptr && share->running >= most_of_one_owner();
}

void BrokerHub::keep_back(BrokerEntry& entry, bool first) {
    OwnerShare& share = *entry.share;
    if (share.kept.empty()) keeping_.push_back(&share);
    if (first)
        share.kept.push_front(entry);
    else
        share.kept.push(entry);
}

BrokerEntry* BrokerHub::next_of(EntryQueue& queue) {
    while (BrokerEntry* entry = queue.pop()) {
        if (entry->share != nullptr) --entry->share->queued;
        if (!has_its_share(entry->share)) return entry;
        keep_back(*entry, true);
    }
    return nullptr;
}

// At most one of the owners with entries kept back has its full share, so each turn finds an entry
// after a step or two.
BrokerEntry* BrokerHub::next_kept() {
    for (std::size_t left = keeping_.size(); left > 0; --left) {
        OwnerShare* share = keeping_.front();
        keeping_.pop_front();
        BrokerEntry* entry = has_its_share(share) ? nullptr : share->kept.pop();
        if (!share->kept.empty()) keeping_.push_back(share);
        if (entry != nullptr) return entry;
    }
    return nullptr;
}

void BrokerHub::begin(BrokerEntry& entry) {
    if (std::exchange(entry.running, true)) return;
    ++running_;
    if (entry.share != nullptr) ++entry.share->running;
}

void BrokerHub::end(BrokerEntry& entry) {
    if (!std::exchange(entry.running, false)) return;
    --running_;
    if (entry.share != nullptr) --entry.share->running;
}

void BrokerHub::hand_out_kept() {
    while (!keeping_.empty()) {
        Seat* seat = any_waiting();
        if (seat == nullptr) return;
        BrokerEntry* entry = next_kept();
        if (entry == nullptr) return;
        hand(*seat, *entry);
    }
}

// -- Seats

Seat& BrokerHub::take_seat(Loop& loop, NodeId node, Lease lease, int slots, bool claims) {
    const std::lock_guard lock(mutex_);
    Seat& seat = *seats_.emplace_back(std::make_unique<Seat>(loop, &BrokerHub::run_offer));
    seat.hub = this;
    seat.node = node;
    seat.claims = claims;
    seat.lease = lease;
    if (NodeSlots& of_node = nodes_[node]; ++of_node.seats == 1) {
        of_node.slots = slots;
        slots_ += slots;
    }
    open_.push_back(&seat);
    return seat;
}

void BrokerHub::close(Seat& seat) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(seat.closed, true)) return;
    stop_waiting(seat);
    std::erase(open_, &seat);
    if (const auto of_node = nodes_.find(seat.node); --of_node->second.seats == 0) {
        slots_ -= of_node->second.slots;
        nodes_.erase(of_node);
    }
    if (BrokerEntry* handed = std::exchange(seat.handed, nullptr)) {
        if (handed->run) {
            drop_claimed(*handed);
        } else {
            end(*handed);
            push(*handed);
        }
    }
    while (BrokerEntry* entry = seat.claimed.pop()) drop_claimed(*entry);
    while (BrokerEntry* entry = next_of(seat.queue)) push(*entry);
    hand_out_kept();
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
