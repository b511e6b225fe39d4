#include "backends/redis/redis_cancel_registry.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace a2akit::redis {
namespace {

std::string key_for(RedisNode& node, const TaskId& task) {
    return node.key(node.names().cancel + task.to_string());
}

}  // namespace

/// The signals that this process has heard of, and the tasks that it watches.
struct RedisCancelRegistry::LocalSignals : backends::KnownSignals {
    using KnownSignals::KnownSignals;

    void begin_watching(const TaskId& task) {
        const std::lock_guard lock(mutex);
        ++watched[task];
    }
    void end_watching(const TaskId& task) {
        const std::lock_guard lock(mutex);
        const auto found = watched.find(task);
        if (--found->second == 0) watched.erase(found);
    }
    std::vector<TaskId> all_watched() {
        const std::lock_guard lock(mutex);
        std::vector<TaskId> all;
        for (const auto& [task, count] : watched) all.push_back(task);
        return all;
    }

    /// Signals that arrived without a watcher.
    static Async<void> read_again(std::shared_ptr<LocalSignals> self, RedisNode& node) {
        constexpr std::size_t kAtOnce = 500;
        const std::vector<TaskId> tasks = self->all_watched();
        for (std::size_t at = 0; at < tasks.size(); at += kAtOnce) {
            const std::size_t end = std::min(at + kAtOnce, tasks.size());
            RedisCommand command{"MGET"};
            for (std::size_t i = at; i < end; ++i) command.add(key_for(node, tasks[i]));
            const auto read = co_await node.run(std::move(command));
            if (!read) co_return;
            for (std::size_t i = at; i < end; ++i) {
                if (!read->value()[i - at].is_nil()) co_await pass_on(self, tasks[i]);
            }
        }
    }

    std::mutex mutex;
    std::map<TaskId, int> watched;
};

/// A scope of the local registry, counted among the watched.
class RedisCancelRegistry::Scope final : public CancelScope {
public:
    Scope(std::shared_ptr<LocalSignals> signals, TaskId task)
        : signals_(std::move(signals)), task_(task) {
        signals_->begin_watching(task_);
    }
    ~Scope() override {
        local.reset();
        signals_->end_watching(task_);
    }
    [[nodiscard]] bool is_cancelled() const noexcept override { return local->is_cancelled(); }
    [[nodiscard]] Signal& signal() noexcept override { return local->signal(); }

    std::unique_ptr<CancelScope> local;

private:
    const std::shared_ptr<LocalSignals> signals_;
    const TaskId task_;
};

RedisCancelRegistry::RedisCancelRegistry(std::shared_ptr<RedisNode> node,
                                         std::shared_ptr<CancelRegistry> local)
    : node_(std::move(node)),
      local_(std::move(local)),
      signals_(std::make_shared<LocalSignals>(local_)) {
    RedisNotifier& notifier = node_->notifier();
    notifier.handlers.cancel = [signals = signals_, &notifier](const TaskId& task) {
        notifier.spawn(LocalSignals::pass_on(signals, task));
    };
    notifier.listening = [signals = signals_, &notifier, node = node_.get()] {
        notifier.spawn(LocalSignals::read_again(signals, *node));
    };
}

RedisCancelRegistry::~RedisCancelRegistry() = default;

AsyncResult<void> RedisCancelRegistry::request_cancel(TaskId task) {
    RedisCommand command{"SET", key_for(*node_, task), "1", "PX"};
    command.add(node_->names().cancel_lifetime.count());
    const auto stored = co_await node_->run(std::move(command));
    if (!stored) co_return fail(stored.error());
    node_->notifier().cancel(task);
    signals_->add(task);
    co_return co_await local_->request_cancel(task);
}

AsyncResult<std::unique_ptr<CancelScope>> RedisCancelRegistry::watch(TaskId task) {
    auto scope = std::make_unique<Scope>(signals_, task);
    auto watched = co_await local_->watch(task);
    if (!watched) co_return fail(watched.error());
    scope->local = std::move(*watched);
    if (!scope->is_cancelled()) {
        RedisCommand command{"GET", key_for(*node_, task)};
        const auto read = co_await node_->run(std::move(command));
        // It still hears what is told from now on, and the renewals of the lease say what was told
        // before.
        if (!read)
            log::debug("redis a cancel key could not be read: {}", read.error().message);
        else if (!read->value().is_nil())
            co_await LocalSignals::pass_on(signals_, task);
    }
    std::unique_ptr<CancelScope> made = std::move(scope);
    co_return made;
}

AsyncResult<void> RedisCancelRegistry::forget(TaskId task) {
    Result<void> forgotten = co_await local_->forget(task);
    if (!forgotten || !signals_->remove(task)) co_return forgotten;
    RedisCommand command{"DEL", key_for(*node_, task)};
    const auto removed = co_await node_->run(std::move(command));
    if (!removed) co_return fail(removed.error());
    co_return Result<void>();
}

}  // namespace a2akit::redis
