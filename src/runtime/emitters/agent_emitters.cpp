#include "runtime/emitters/agent_emitters.hpp"

#include "runtime/agent_scope.hpp"

#include <utility>

namespace a2akit {

AgentEmitters::AgentEmitters(std::shared_ptr<Storage> storage, std::vector<Entry> agents,
                             std::shared_ptr<EventEmitter> other)
    : storage_(std::move(storage)), agents_(std::move(agents)), other_(std::move(other)) {}

EventEmitter& AgentEmitters::emitter_of(const OwnerScope& owner) const noexcept {
    const std::string_view name = agent_of(owner);
    for (const Entry& entry : agents_) {
        if (entry.agent == name) return *entry.emitter;
    }
    return *other_;
}

AsyncResult<Created> AgentEmitters::create(NewTask task, OwnerScope scope, TaskUpdate update) {
    EventEmitter& emitter = emitter_of(scope);
    return emitter.create(std::move(task), std::move(scope), std::move(update));
}

AsyncResult<Appended> AgentEmitters::append(TaskId task, OwnerScope scope, TaskUpdate update) {
    if (agents_.size() == 1)
        return agents_.front().emitter->append(task, std::move(scope), std::move(update));
    return append_to(task, std::move(scope), std::move(update));
}

AsyncResult<Appended> AgentEmitters::append_to(TaskId task, OwnerScope scope, TaskUpdate update) {
    const std::string context_id(update.context_id);
    update.context_id = context_id;
    const auto seen = co_await storage_->load(task, OwnerScope::everything(), 0, false);
    if (!seen) co_return fail(seen.error());
    co_return co_await emitter_of(seen->owner).append(task, std::move(scope), std::move(update));
}

AsyncResult<void> AgentEmitters::announce(Appended appended, std::string_view context_id) {
    return other_->announce(std::move(appended), context_id);
}

}  // namespace a2akit
