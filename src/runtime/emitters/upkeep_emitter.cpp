#include "runtime/emitters/upkeep_emitter.hpp"

#include "core/log.hpp"

#include <cstddef>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kMostAhead = 10'000;

/// The emitter behind hooks that are called for an update that was written already.
class Nothing final : public EventEmitter {
public:
    AsyncResult<Created> create(NewTask, OwnerScope, TaskUpdate) override { return fail(unused()); }
    AsyncResult<Appended> append(TaskId, OwnerScope, TaskUpdate) override { return fail(unused()); }
    AsyncResult<void> announce(Appended, std::string_view) override { return Result<void>(); }

private:
    static Error unused() { return {ErrorCode::kInternal, "hooks write nothing", nullptr}; }
};

std::unique_ptr<HookableEmitter> only(std::shared_ptr<LifecycleHooks> hooks) {
    if (!hooks) return nullptr;
    return std::make_unique<HookableEmitter>(std::make_shared<Nothing>(), std::move(hooks));
}

}  // namespace

UpkeepEmitter::UpkeepEmitter(std::shared_ptr<EventEmitter> inner,
                             std::shared_ptr<LifecycleHooks> hooks)
    : inner_(std::move(inner)), hooks_(only(std::move(hooks))) {}

void UpkeepEmitter::start() {
    if (hooks_) calling_.spawn(call_hooks());
}

Async<void> UpkeepEmitter::stop() {
    stopping_ = true;
    more_.set();
    co_await calling_.join();
}

Async<void> UpkeepEmitter::call_hooks() {
    for (;;) {
        more_.reset();
        std::deque<Written> now;
        {
            const std::lock_guard lock(mutex_);
            now.swap(written_);
        }
        for (Written& one : now) {
            const Result<void> called =
                co_await hooks_->announce(std::move(one.appended), one.context_id);
            (void)called;
        }
        if (!now.empty()) continue;
        if (stopping_) co_return;
        co_await more_.wait();
    }
}

void UpkeepEmitter::hand_over(Written written) {
    if (!hooks_) return;
    const TaskId task = written.appended.task;
    bool full = false;
    {
        const std::lock_guard lock(mutex_);
        full = written_.size() >= kMostAhead;
        if (!full) written_.push_back(std::move(written));
    }
    if (full)
        log::warn("hooks are too slow, a change passes them by task={}", task.to_string());
    else
        more_.set();
}

AsyncResult<Created> UpkeepEmitter::create(NewTask task, OwnerScope scope, TaskUpdate update) {
    std::string context_id = task.context_id;
    auto created = co_await inner_->create(std::move(task), std::move(scope), std::move(update));
    if (created) hand_over({created->appended, std::move(context_id)});
    co_return created;
}

AsyncResult<Appended> UpkeepEmitter::append(TaskId task, OwnerScope scope, TaskUpdate update) {
    std::string context_id(update.context_id);
    auto appended = co_await inner_->append(task, std::move(scope), std::move(update));
    if (appended) hand_over({*appended, std::move(context_id)});
    co_return appended;
}

AsyncResult<void> UpkeepEmitter::announce(Appended appended, std::string_view context_id) {
    hand_over({appended, std::string(context_id)});
    return inner_->announce(std::move(appended), context_id);
}

}  // namespace a2akit
