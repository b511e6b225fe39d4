#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <atomic>

namespace a2akit::backends {

/// The parts that the node of a remote engine plays for its ports: one bit each. The node starts
/// with the first and stops with the last, on its own loop. Safe from any thread.
class NodeRoles {
public:
    [[nodiscard]] bool serves(unsigned role) const noexcept { return (roles_.load() & role) != 0; }

protected:
    NodeRoles() = default;
    ~NodeRoles() = default;

    /// Calls `node.begin(role, first)` on `loop`, unless the role is played already.
    template <class Node>
    AsyncResult<void> start_role(Node& node, Loop& loop, unsigned role) {
        if (serves(role)) co_return Result<void>();
        Loop& home = *Loop::current();
        calls_.fetch_add(1);
        co_await resume_on(loop);
        const bool first = roles_.load() == 0;
        Result<void> begun = co_await node.begin(role, first);
        if (begun) roles_.fetch_or(role);
        co_await resume_on(home);
        calls_.fetch_sub(1);
        co_return begun;
    }
    /// Calls `node.end(role, last)` on `loop`, if the role is played.
    template <class Node>
    AsyncResult<void> stop_role(Node& node, Loop& loop, unsigned role) {
        if (!serves(role)) co_return Result<void>();
        Loop& home = *Loop::current();
        calls_.fetch_add(1);
        co_await resume_on(loop);
        const bool last = (roles_.load() & ~role) == 0;
        co_await node.end(role, last);
        roles_.fetch_and(~role);
        co_await resume_on(home);
        calls_.fetch_sub(1);
        co_return Result<void>();
    }

    std::atomic<int> calls_{0};  ///< Calls that are under way on the node's loop.

private:
    std::atomic<unsigned> roles_{0};
};

}  // namespace a2akit::backends
