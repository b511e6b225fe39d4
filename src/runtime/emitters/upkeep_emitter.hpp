#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/emitter/hookable_emitter.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace a2akit {

/// The emitter for code on the upkeep loop. It writes there, but calls the hooks on a loop of the
/// handlers, in the order of the writes and without waiting for them, so that a hook that blocks
/// its thread does not hold up the sweeps.
///
/// Safe from any thread.
class UpkeepEmitter final : public EventEmitter {
public:
    /// `inner` calls no hooks; `hooks` may be null.
    UpkeepEmitter(std::shared_ptr<EventEmitter> inner, std::shared_ptr<LifecycleHooks> hooks);

    /// From now on hooks are called on this loop.
    void start();
    /// Returns once the last hook has returned. On that loop, after the last write.
    Async<void> stop();

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override;

private:
    struct Written {
        Appended appended;
        std::string context_id;
    };

    void hand_over(Written written);
    Async<void> call_hooks();

    const std::shared_ptr<EventEmitter> inner_;
    const std::unique_ptr<HookableEmitter> hooks_;  ///< Null: there are none.
    std::mutex mutex_;
    std::deque<Written> written_;  ///< Under the mutex.
    Signal more_;
    bool stopping_ = false;
    TaskGroup calling_;
};

}  // namespace a2akit
