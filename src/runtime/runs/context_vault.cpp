#include "runtime/runs/context_vault.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <utility>

namespace a2akit {

/// A run that waits for the decision about its turn's offers.
struct ContextVault::Waiter {
    Waiter(Shard& s, TaskId t) : shard(s), task(t) {
        const std::lock_guard lock(shard.mutex);
        shard.waiters.push_back(this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        const std::lock_guard lock(shard.mutex);
        std::erase(shard.waiters, this);
    }
    Shard& shard;
    TaskId task;
    Signal signal;
};

Result<ContextVault::Offer> ContextVault::pack(TurnInput& input, TaskId task, Turn turn,
                                               std::shared_ptr<const RequestContext> context) {
    if (!context) return Offer();
    if (cipher_) {
        Result<SealedContext> sealed = cipher_->seal(*context, task, turn);
        if (!sealed) return fail(std::move(sealed.error()));
        input.sealed_context = std::move(*sealed);
    }
    if (in_process_) input.context = std::move(context);
    if (!keeps()) return Offer();
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    if (shard.kept.size() >= kMostPerShard) make_room(shard);
    const std::uint64_t number = ++shard.offers;
    // The first turn is made together with its task, whose id only this request knows.
    shard.kept.push_back({number, task, turn, turn == 1, false, std::move(context)});
    shard.by_task.emplace(task, std::prev(shard.kept.end()));
    return Offer(*this, task, turn, number);
}

bool ContextVault::unpack(TurnInput& input, TaskId task, Turn turn) {
    if (in_process_ && input.context) return true;
    input.context = nullptr;
    if (input.sealed_context) {
        if (cipher_) {
            if (auto opened = cipher_->open(*input.sealed_context, task, turn)) {
                input.context = std::make_shared<const RequestContext>(std::move(*opened));
            }
        }
        if (!input.context) {
            log::warn(
                "the context was sealed under a key that this node does not have, the handler runs "
                "without it "
                "task={} turn={}",
                task.to_string(), turn);
        }
        return true;
    }
    if (!keeps()) return true;
    Found found = find(task, turn);
    input.context = std::move(found.context);
    return input.context || !found.undecided;
}

Async<std::shared_ptr<const RequestContext>> ContextVault::wait_for(TaskId task, Turn turn,
                                                                    SteadyTime until) {
    Waiter waiter(shard_of(task), task);
    while (true) {
        waiter.signal.reset();
        Found found = find(task, turn);
        if (found.context || !found.undecided) co_return std::move(found.context);
        const bool woken = co_await Signal::Wait(waiter.signal, until);
        if (!woken) co_return nullptr;
    }
}

ContextVault::Found ContextVault::find(TaskId task, Turn turn) {
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    Found found;
    for (auto [at, end] = shard.by_task.equal_range(task); at != end; ++at) {
        const Kept& kept = *at->second;
        if (kept.turn != turn) continue;
        if (kept.decided) return {kept.context, false};
        found.undecided = true;
    }
    return found;
}

void ContextVault::decide(TaskId task, std::uint64_t number, bool made) noexcept {
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    const auto [begin, end] = shard.by_task.equal_range(task);
    const auto own =
        std::find_if(begin, end, [&](const auto& entry) { return entry.second->number == number; });
    if (own == end) return;
    // If two requests both made the turn, they sent the same Idempotency-Key: keep the context of
    // the first.
    const bool late = std::any_of(begin, end, [&](const auto& entry) {
        return entry.second->turn == own->second->turn && entry.second->decided;
    });
    if (made && !late) {
        own->second->decided = true;
    } else {
        shard.kept.erase(own->second);
        shard.by_task.erase(own);
    }
    wake(shard, task);
}

void ContextVault::forget(TaskId task, Turn turn) noexcept {
    if (!keeps()) return;
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    erase(shard, task, [turn](const Kept& kept) { return kept.turn <= turn; });
}

std::vector<TaskId> ContextVault::tasks() const {
    std::vector<TaskId> tasks;
    for (const Shard& shard : shards_) {
        const std::lock_guard lock(shard.mutex);
        for (const Kept& kept : shard.kept) tasks.push_back(kept.task);
    }
    return tasks;
}

void ContextVault::forget_ended(const Tail& tail) noexcept {
    if (tail.exists)
        return forget(tail.task,
                      tail.turn_ended ? tail.turn : tail.turn - std::min<Turn>(tail.turn, 1));
    Shard& shard = shard_of(tail.task);
    const std::lock_guard lock(shard.mutex);
    // A task that is just being made is not in Storage yet, so it has to be missing twice.
    erase(shard, tail.task, [](Kept& kept) { return std::exchange(kept.missed, true); });
}

template <class Which>
void ContextVault::erase(Shard& shard, TaskId task, Which which) noexcept {
    for (auto [at, end] = shard.by_task.equal_range(task); at != end;) {
        if (!which(*at->second)) {
            ++at;
            continue;
        }
        shard.kept.erase(at->second);
        at = shard.by_task.erase(at);
    }
    wake(shard, task);
}

void ContextVault::make_room(Shard& shard) noexcept {
    const TaskId task = shard.kept.front().task;
    const std::uint64_t number = shard.kept.front().number;
    erase(shard, task, [number](const Kept& kept) { return kept.number == number; });
}

void ContextVault::wake(Shard& shard, TaskId task) noexcept {
    for (Waiter* waiter : shard.waiters) {
        if (waiter->task == task) waiter->signal.set();
    }
}

}  // namespace a2akit
