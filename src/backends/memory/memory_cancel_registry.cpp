#include "backends/memory/memory_cancel_registry.hpp"

#include "backends/common/pooled.hpp"

namespace a2akit {
namespace {

constexpr std::size_t kSignalsPerShard = 1024;

}  // namespace

class MemoryCancelRegistry::Scope final : public CancelScope,
                                          public local::Pooled,
                                          public local::TableLink<Scope> {
public:
    Scope(Shard& shard, TaskId task) : shard_(shard), task_(task) {
        const std::lock_guard lock(shard_.mutex);
        shard_.scopes.insert(*this, task_.hash());
        if (!shard_.requested.empty() && shard_.requested.contains(task_)) cancel();
    }
    ~Scope() override {
        const std::lock_guard lock(shard_.mutex);
        shard_.scopes.remove(*this);
    }

    [[nodiscard]] bool is_cancelled() const noexcept override { return cancelled_.load(); }
    [[nodiscard]] Signal& signal() noexcept override { return signal_; }

    [[nodiscard]] TaskId task() const noexcept { return task_; }

    // REQUIRES: the shard's lock; it also keeps the scope alive until the signal is set.
    void cancel() noexcept {
        cancelled_.store(true);
        signal_.set();
    }

private:
    Shard& shard_;
    const TaskId task_;
    std::atomic<bool> cancelled_{false};
    Signal signal_;
};

AsyncResult<void> MemoryCancelRegistry::request_cancel(TaskId task) {
    Shard& home = shard(task);
    const std::lock_guard lock(home.mutex);
    // A request that comes after its task ended and was forgotten would stay for ever.
    if (home.requested.size() >= kSignalsPerShard) home.requested.erase(home.requested.begin());
    home.requested.insert(task);
    home.requested_count.store(home.requested.size());
    home.scopes.for_each_like(task.hash(), [&](Scope& scope) {
        if (scope.task() == task) scope.cancel();
    });
    return Result<void>();
}

AsyncResult<std::unique_ptr<CancelScope>> MemoryCancelRegistry::watch(TaskId task) {
    std::unique_ptr<CancelScope> made = std::make_unique<Scope>(shard(task), task);
    return Result<std::unique_ptr<CancelScope>>(std::move(made));
}

AsyncResult<void> MemoryCancelRegistry::forget(TaskId task) {
    Shard& home = shard(task);
    if (home.requested_count.load() == 0) return Result<void>();
    const std::lock_guard lock(home.mutex);
    home.requested.erase(task);
    home.requested_count.store(home.requested.size());
    return Result<void>();
}

}  // namespace a2akit
