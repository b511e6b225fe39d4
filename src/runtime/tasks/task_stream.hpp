#pragma once

#include "runtime/tasks/task_state_machine.hpp"
#include "runtime/tasks/waiters.hpp"

#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/request/request_envelope.hpp>
#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// One task's events on their way to one client, always read from Storage: the subscription only
/// says that there is more, so no gap can occur and a slow client costs nothing but a cursor. Idle,
/// it holds no event and no snapshot.
class TaskStream final : public EventStream {
public:
    /// The data that all streams of a server share. REQUIRES: outlives them.
    struct Source {
        std::shared_ptr<Storage> storage;
        Waiters& waiters;
        EventLimit batch_limit;
    };
    struct Start {
        TaskId task;
        std::string context_id;
        OwnerScope scope;
        StreamKind kind{};
        Sequence after = 0;  ///< The events after it follow; moves with each that is taken.
        std::optional<std::int32_t> history = {};  ///< How many messages a Task shows; absent: all.
    };

    /// REQUIRES: `subscription` was made before whatever `start.after` was read from.
    TaskStream(const Source& source, Start start, std::unique_ptr<Subscription> subscription);

    /// The stream of a direct reply: the Message, and the end.
    static std::unique_ptr<EventStream> of_reply(const TaskSnapshot& snapshot);
    /// Begins with the Task; `own_turn_ended`: there is nothing else to wait for.
    void begin_with(const TaskSnapshot& snapshot, bool own_turn_ended);

    Async<Batch> next() override;
    void wake() noexcept override;

private:
    Async<Batch> follow();
    Async<Batch> read();
    Async<Batch> read_slowly(AsyncResult<EventPage> reading);
    Async<Batch> take(Result<EventPage>&& page);
    Async<Batch> start_over();
    void add(const TaskEvent& event, Batch& batch);

    const Source& source_;
    Start start_;
    std::unique_ptr<Subscription> subscription_;
    Waiters::Entry waiter_;
    std::unique_ptr<StreamItem> first_;
    bool look_ = true;  ///< Storage may hold more than the wake-ups have reported.
    bool finished_ = false;
    bool woken_ = false;
};

}  // namespace a2akit
