#pragma once

#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/emitter/lifecycle_hooks.hpp>

#include <memory>

namespace a2akit {

/// Calls the application's hooks after each successful write that changed a task's state.
///
/// At most once per change: a write that was a repeat calls nothing. Order: `on_state_change`, then
/// `on_working`, `on_turn_end` and `on_terminal`, as far as they apply. The write's answer is
/// returned after the hooks; a hook that throws is logged and changes nothing. Without hooks a
/// server does not install it.
class HookableEmitter final : public EventEmitter {
public:
    /// REQUIRES: neither is null.
    HookableEmitter(std::shared_ptr<EventEmitter> inner, std::shared_ptr<LifecycleHooks> hooks);

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override;

private:
    Async<void> call_hooks(Appended appended, std::string context_id);

    std::shared_ptr<EventEmitter> inner_;
    std::shared_ptr<LifecycleHooks> hooks_;
};

}  // namespace a2akit
