#include "runtime/emitters/storage_event_emitter.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/core/loop.hpp>

#include <algorithm>

namespace a2akit {
namespace {

bool answer_lost(const Error& error) { return error.code == ErrorCode::kUnavailable; }
bool refused_for_now(const Error& error) {
    return error.details != nullptr && error.details->retry_after.has_value();
}

bool is_repeated(const Result<Created>& created) {
    return !created && answer_lost(created.error()) && !refused_for_now(created.error());
}

void log_failed_wake(TaskId task, const Error& error) {
    log::warn("waking subscribers failed, they read it from storage later task={} error={}",
              task.to_string(), quoted(error.message));
}

Async<void> await_wake(AsyncResult<void> pending, TaskId task) {
    const auto published = co_await std::move(pending);
    if (!published) log_failed_wake(task, published.error());
}

bool shows_something(const Appended& appended) {
    return appended.first <= appended.last || appended.turn_ended;
}
Wake wake_of(const Appended& appended) {
    return {appended.task, appended.last, appended.turn, appended.turn_ended};
}

AsyncResult<Appended> appended_after(Async<void> published, Appended appended) {
    co_await std::move(published);
    co_return appended;
}

AsyncResult<void> done_after(Async<void> published) {
    co_await std::move(published);
    co_return Result<void>();
}

}  // namespace

Duration retry_delay(int tries) noexcept {
    Duration delay(20);
    for (int i = 1; i < tries && delay < Duration(2000); ++i) delay *= 5;
    return std::min(delay, Duration(2000));
}

StorageEventEmitter::StorageEventEmitter(std::shared_ptr<Storage> storage,
                                         std::shared_ptr<EventBus> bus)
    : storage_(std::move(storage)), bus_(std::move(bus)) {}

// With ports that answer immediately (memory) neither a create nor an append makes a coroutine
// frame.

AsyncResult<Created> StorageEventEmitter::create(NewTask task, OwnerScope scope,
                                                 TaskUpdate update) {
    auto pending = storage_->create_or_leave(task, scope, update);
    const Result<Created>* const created = pending.ready();
    if (created == nullptr || is_repeated(*created)) {
        return create_slowly(std::move(pending), std::move(task), std::move(scope),
                             std::move(update));
    }
    if (*created) wake_here((*created)->appended);
    return pending;
}

AsyncResult<Created> StorageEventEmitter::create_slowly(AsyncResult<Created> pending, NewTask task,
                                                        OwnerScope scope, TaskUpdate repeat) {
    auto created = co_await std::move(pending);
    for (int tries = 1; tries < kTries && is_repeated(created); ++tries) {
        co_await sleep_for(retry_delay(tries));
        created = co_await storage_->create(task, scope, repeat);
    }
    if (created) wake_here(created->appended);
    co_return created;
}

AsyncResult<Appended> StorageEventEmitter::append(TaskId task, OwnerScope scope,
                                                  TaskUpdate update) {
    auto pending = storage_->append_or_leave(task, scope, update);
    const Result<Appended>* const appended = pending.ready();
    if (appended == nullptr || (!*appended && answer_lost(appended->error())))
        return append_slowly(std::move(pending), task, std::move(scope), std::move(update));
    if (!*appended) return pending;
    auto published = publish(**appended);
    if (published.await_ready()) return pending;
    return appended_after(std::move(published), **appended);
}

AsyncResult<Appended> StorageEventEmitter::append_slowly(AsyncResult<Appended> pending, TaskId task,
                                                         OwnerScope scope, TaskUpdate repeat) {
    auto appended = co_await std::move(pending);
    for (int tries = 1; tries < kTries && !appended && answer_lost(appended.error()); ++tries) {
        co_await sleep_for(retry_delay(tries));
        appended = co_await storage_->append(task, scope, repeat);
    }
    if (appended) co_await publish(*appended);
    co_return appended;
}

AsyncResult<void> StorageEventEmitter::announce(Appended appended,
                                                std::string_view /*context_id*/) {
    auto published = publish(appended);
    if (published.await_ready()) return Result<void>();
    return done_after(std::move(published));
}

void StorageEventEmitter::wake_here(const Appended& appended) {
    if (shows_something(appended)) bus_->wake_local(wake_of(appended), false);
}

Async<void> StorageEventEmitter::publish(Appended appended) {
    if (!shows_something(appended)) return {};
    auto pending = bus_->publish(wake_of(appended));
    if (!pending.await_ready()) return await_wake(std::move(pending), appended.task);
    const auto published = pending.await_resume();
    if (!published) log_failed_wake(appended.task, published.error());
    return {};
}

}  // namespace a2akit
