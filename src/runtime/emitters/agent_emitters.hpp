#pragma once

#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/storage/storage.hpp>

#include <memory>
#include <string>
#include <vector>

namespace a2akit {

/// The emitter for code that writes to the tasks of every agent of a server: each write goes
/// through the emitter of the task's agent, so that its hooks are called.
///
/// With one agent it reads nothing; with several it reads the task's owner from Storage before each
/// append. Safe from any thread.
class AgentEmitters final : public EventEmitter {
public:
    struct Entry {
        std::string agent;
        std::shared_ptr<EventEmitter> emitter;
    };

    /// `other`: for the tasks of agents that this server does not have. REQUIRES: nothing is null.
    AgentEmitters(std::shared_ptr<Storage> storage, std::vector<Entry> agents,
                  std::shared_ptr<EventEmitter> other);

    AsyncResult<Created> create(NewTask task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<Appended> append(TaskId task, OwnerScope scope, TaskUpdate update) override;
    AsyncResult<void> announce(Appended appended, std::string_view context_id) override;

private:
    [[nodiscard]] EventEmitter& emitter_of(const OwnerScope& owner) const noexcept;
    AsyncResult<Appended> append_to(TaskId task, OwnerScope scope, TaskUpdate update);

    const std::shared_ptr<Storage> storage_;
    const std::vector<Entry> agents_;
    const std::shared_ptr<EventEmitter> other_;
};

}  // namespace a2akit
