#include "runtime/upkeep/housekeeping.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <utility>

namespace a2akit {
namespace {

constexpr int kAtOnce = 256;

void log_failure(const char* what, const Error& error) {
    log::warn("{} failed and is tried again later error={}", what, quoted(error.message));
}

}  // namespace

Housekeeping::Housekeeping(std::shared_ptr<Storage> storage,
                           std::shared_ptr<Maintenance> maintenance,
                           std::shared_ptr<EventEmitter> emitter, HousekeepingOptions options)
    : storage_(std::move(storage)),
      maintenance_(std::move(maintenance)),
      emitter_(std::move(emitter)),
      options_(std::move(options)) {}

void Housekeeping::start() { group_.spawn(tidy_regularly()); }

Async<void> Housekeeping::stop() {
    stop_.set();
    co_await group_.join();
}

Async<void> Housekeeping::tidy_regularly() {
    Loop& loop = *Loop::current();
    while (!co_await stop_.wait_until(loop.now() + kEvery)) co_await tidy();
}

Async<void> Housekeeping::tidy() {
    const Result<Timestamp> now = co_await storage_->now();
    if (!now) co_return log_failure("reading the storage's clock", now.error());
    if (options_.cancel_paused_after) co_await cancel_paused(*now - *options_.cancel_paused_after);
    for (const RetentionRule& rule : options_.retention) {
        EraseQuery query;
        query.state = rule.state;
        if (rule.age) query.ended_before = *now - *rule.age;
        query.keep_at_most = rule.count;
        query.limit = kAtOnce;
        co_await erase(std::move(query));
    }
    if (options_.compact_after) co_await compact(*now - *options_.compact_after);
}

Async<void> Housekeeping::cancel_paused(Timestamp before) {
    const auto stale = co_await maintenance_->stale_paused(before, kAtOnce);
    if (!stale) co_return log_failure("looking for tasks that wait too long", stale.error());
    for (const TaskId& task : *stale) {
        if (stop_.is_set()) co_return;
        // The user may have answered since: cancel the task only if it still waits and has not
        // changed.
        const auto seen = co_await storage_->load(task, OwnerScope::everything(), 0, false);
        if (!seen || !is_interrupted(seen->status.state) || seen->status.timestamp >= before)
            continue;
        TaskUpdate update;
        update.id = WriteId::next();
        update.guard.revision = seen->revision;
        update.cancel_by = before;
        const auto canceled =
            co_await emitter_->append(task, OwnerScope::everything(), std::move(update));
        if (!canceled) {
            log::info("a stale task was not canceled task={} error={}", task.to_string(),
                      quoted(canceled.error().message));
        }
    }
}

Async<void> Housekeeping::compact(Timestamp before) {
    for (;;) {
        const Result<int> compacted = co_await maintenance_->compact(before, kAtOnce);
        if (!compacted) co_return log_failure("compacting logs", compacted.error());
        if (*compacted < kAtOnce || stop_.is_set()) co_return;
        co_await yield();
    }
}

Async<void> Housekeeping::erase(EraseQuery query) {
    for (;;) {
        const auto erased = co_await maintenance_->erase(query);
        if (!erased) co_return log_failure("erasing old tasks", erased.error());
        if (static_cast<int>(erased->size()) < query.limit || stop_.is_set()) co_return;
        co_await yield();
    }
}

}  // namespace a2akit
