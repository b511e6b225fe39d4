#include <a2akit/emitter/hookable_emitter.hpp>

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <exception>

namespace a2akit {
namespace {

using Hook = Async<void> (LifecycleHooks::*)(StateChange);

// A hook is the application's code: its exceptions end here.
Async<void> call(LifecycleHooks& hooks, Hook hook, const char* name, StateChange change) {
    const TaskId task = change.task;
    try {
        co_await (hooks.*hook)(std::move(change));
    } catch (const std::exception& e) {
        log::error("a hook threw hook={} task={} error={}", name, task.to_string(),
                   quoted(e.what()));
    } catch (...) {
        log::error(
            "a hook threw an exception that is not derived from std::exception hook={} task={}",
            name, task.to_string());
    }
}

}  // namespace

Async<void> LifecycleHooks::on_state_change(StateChange /*change*/) { return {}; }
Async<void> LifecycleHooks::on_working(StateChange /*change*/) { return {}; }
Async<void> LifecycleHooks::on_turn_end(StateChange /*change*/) { return {}; }
Async<void> LifecycleHooks::on_terminal(StateChange /*change*/) { return {}; }

HookableEmitter::HookableEmitter(std::shared_ptr<EventEmitter> inner,
                                 std::shared_ptr<LifecycleHooks> hooks)
    : inner_(std::move(inner)), hooks_(std::move(hooks)) {}

AsyncResult<Created> HookableEmitter::create(NewTask task, OwnerScope scope, TaskUpdate update) {
    std::string context_id = task.context_id;
    auto created = co_await inner_->create(std::move(task), std::move(scope), std::move(update));
    if (created) co_await call_hooks(created->appended, std::move(context_id));
    co_return created;
}

AsyncResult<Appended> HookableEmitter::append(TaskId task, OwnerScope scope, TaskUpdate update) {
    std::string context_id(update.context_id);
    auto appended = co_await inner_->append(task, std::move(scope), std::move(update));
    if (appended) co_await call_hooks(*appended, std::move(context_id));
    co_return appended;
}

AsyncResult<void> HookableEmitter::announce(Appended appended, std::string_view context_id) {
    auto announced = co_await inner_->announce(appended, context_id);
    co_await call_hooks(appended, std::string(context_id));
    co_return announced;
}

Async<void> HookableEmitter::call_hooks(Appended appended, std::string context_id) {
    if (appended.repeated || appended.before == appended.after) co_return;
    StateChange change;
    change.task = appended.task;
    change.context_id = std::move(context_id);
    change.turn = appended.turn;
    change.before = appended.before;
    change.after = appended.after;
    const TaskState after = appended.after;
    co_await call(*hooks_, &LifecycleHooks::on_state_change, "on_state_change", change);
    if (after == TaskState::kWorking) {
        co_await call(*hooks_, &LifecycleHooks::on_working, "on_working", change);
    }
    if (is_terminal(after) || is_interrupted(after)) {
        co_await call(*hooks_, &LifecycleHooks::on_turn_end, "on_turn_end", change);
    }
    if (is_terminal(after))
        co_await call(*hooks_, &LifecycleHooks::on_terminal, "on_terminal", change);
}

}  // namespace a2akit
