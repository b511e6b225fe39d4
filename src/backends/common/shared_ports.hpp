#pragma once

#include "backends/common/recent_tasks.hpp"
#include "core/log.hpp"

#include <a2akit/cancel/cancel_registry.hpp>
#include <a2akit/event_bus/event_bus.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

// The ports whose part in this process is a memory port, and whose part between the processes is
// the node of a remote engine.

namespace a2akit::backends {

/// Starts and stops the local port and the node's role together.
template <class Node, class Port>
AsyncResult<void> start_shared(Node& node, typename Node::Role role, Port& local) {
    Result<void> started = co_await local.start();
    if (!started) co_return started;
    co_return co_await node.start(role);
}
template <class Node, class Port>
AsyncResult<void> stop_shared(Node& node, typename Node::Role role, Port& local,
                              SteadyTime deadline) {
    Result<void> stopped = co_await node.stop(role);
    if (!stopped) co_return stopped;
    co_return co_await local.stop(deadline);
}

/// A bus of this process, and the node's notifier for the other nodes.
template <class Node>
class SharedEventBus final : public EventBus {
public:
    /// `local` wakes the subscribers in this process.
    SharedEventBus(std::shared_ptr<Node> node, std::shared_ptr<EventBus> local)
        : node_(std::move(node)), local_(std::move(local)) {
        node_->notifier().handlers.wake = [bus = local_](const Wake& wake) {
            bus->wake_local(wake, false);
        };
    }

    AsyncResult<void> start() override { return start_shared(*node_, Node::kEventBus, *local_); }
    AsyncResult<void> stop(SteadyTime deadline) override {
        return stop_shared(*node_, Node::kEventBus, *local_, deadline);
    }
    AsyncResult<void> check() override { return node_->check(); }
    AsyncResult<void> publish(Wake wake) override {
        node_->notifier().wake(wake);
        return local_->publish(wake);
    }
    AsyncResult<std::unique_ptr<Subscription>> subscribe(TaskId task, Interest interest) override {
        return local_->subscribe(task, interest);
    }
    [[nodiscard]] std::vector<TaskId> watched() const override { return local_->watched(); }
    void wake_local(Wake wake, bool erased) override { local_->wake_local(wake, erased); }

private:
    std::shared_ptr<Node> node_;
    std::shared_ptr<EventBus> local_;
};

/// The cancel signals that this process has heard of. Safe from any thread.
class KnownSignals {
public:
    explicit KnownSignals(std::shared_ptr<CancelRegistry> local) : local_(std::move(local)) {}

    void add(const TaskId& task) {
        const std::lock_guard lock(mutex_);
        tasks_.insert(task);
        count_.store(tasks_.size());
    }
    /// False: it was not known.
    bool remove(const TaskId& task) {
        if (count_.load() == 0) return false;
        const std::lock_guard lock(mutex_);
        const bool known = tasks_.erase(task);
        count_.store(tasks_.size());
        return known;
    }
    /// Passes a signal of another node on to the watchers in this process.
    static Async<void> pass_on(std::shared_ptr<KnownSignals> self, TaskId task) {
        self->add(task);
        const auto signalled = co_await self->local_->request_cancel(task);
        if (!signalled) log::warn("a cancel was not passed on: {}", signalled.error().message);
    }

private:
    static constexpr std::size_t kMost = 20'000;

    const std::shared_ptr<CancelRegistry> local_;
    std::mutex mutex_;
    /// Bounded, because nothing on this node removes entries for tasks that were canceled on
    /// another node. What is not dropped there goes by its age.
    RecentTasks tasks_{kMost};
    std::atomic<std::size_t> count_{0};
};

}  // namespace a2akit::backends
