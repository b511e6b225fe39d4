#pragma once

#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/storage/storage.hpp>

#include <memory>

namespace a2akit {

/// Storage first, then a wake-up on the EventBus. Shared by all loops; safe from any of them.
///
/// A write whose answer was lost (kUnavailable) is repeated under its WriteId, `kTries` times in
/// all, with back-off. A create that was refused because the store is full (it names a retry_after)
/// is not.
class StorageEventEmitter final : public EventEmitter {
public:
    static constexpr int kTries = 4;

    StorageEventEmitter(std::shared_ptr<Storage> storage, std::shared_ptr<EventBus> bus);

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override;

private:
    AsyncResult<Created> create_slowly(AsyncResult<Created> pending, NewTask task, OwnerScope scope,
                                       TaskUpdate repeat);
    AsyncResult<Appended> append_slowly(AsyncResult<Appended> pending, TaskId task,
                                        OwnerScope scope, TaskUpdate repeat);
    void wake_here(const Appended& appended);
    Async<void> publish(Appended appended);

    std::shared_ptr<Storage> storage_;
    std::shared_ptr<EventBus> bus_;
};

/// How long to wait before try number `tries` + 1 of something that failed `tries` times: 20 ms,
/// then five times as long each time, 2 s at most.
[[nodiscard]] Duration retry_delay(int tries) noexcept;

}  // namespace a2akit
