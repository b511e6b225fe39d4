#include "runtime/context_vault.hpp"

#include "core/log.hpp"

#include <utility>

namespace a2akit {

Result<void> ContextVault::pack(TurnInput& input, TaskId task, Turn turn,
                                std::shared_ptr<const RequestContext> context) {
    if (!context) return {};
    if (cipher_) {
        Result<SealedContext> sealed = cipher_->seal(*context, task, turn);
        if (!sealed) return fail(std::move(sealed.error()));
        input.sealed_context = std::move(*sealed);
    }
    if (in_process_) input.context = std::move(context);
    if (in_process_ || cipher_) return {};
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    const auto [at, added] = shard.kept.insert_or_assign(task, Kept{turn, std::move(context)});
    if (added) shard.oldest.push_back(at->first);
    if (shard.oldest.size() >= 2 * kMostPerShard) {
        std::erase_if(shard.oldest, [&](const TaskId& id) { return !shard.kept.contains(id); });
    }
    while (shard.kept.size() > kMostPerShard) {
        shard.kept.erase(shard.oldest.front());
        shard.oldest.pop_front();
    }
    return {};
}

void ContextVault::unpack(TurnInput& input, TaskId task, Turn turn) {
    if (in_process_ && input.context) return;
    input.context = nullptr;
    if (input.sealed_context) {
        if (cipher_) {
            if (auto opened = cipher_->open(*input.sealed_context, task, turn)) {
                input.context = std::make_shared<const RequestContext>(std::move(*opened));
            }
        }
        if (!input.context) {
            log::warn("the context was sealed under a key that this node does not have, the handler runs without it "
                      "task={} turn={}",
                      task.to_string(), turn);
        }
        return;
    }
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.kept.find(task);
    if (found != shard.kept.end() && found->second.turn == turn) input.context = found->second.context;
}

void ContextVault::forget(TaskId task, Turn turn) noexcept {
    if (in_process_ || cipher_) return;
    Shard& shard = shard_of(task);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.kept.find(task);
    if (found != shard.kept.end() && found->second.turn == turn) shard.kept.erase(found);
}

}  // namespace a2akit
