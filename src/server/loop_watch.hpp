#pragma once

#include "net/loop_group.hpp"

#include <a2akit/core/loop.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace a2akit {

/// Tells the log when code that blocks holds the thread of a loop, whose handler that is as far as
/// it is known, and when the loop is free again.
///
/// Runs on the loop that starts it, where nothing of the application's may run, and asks each of
/// the others twice a second for a sign of life.
class LoopWatch {
public:
    /// A loop that has given no sign of life for so long is held.
    static constexpr Duration kHeld{1000};
    static constexpr Duration kLookEvery{500};

    /// REQUIRES: the loops outlive it.
    explicit LoopWatch(net::LoopGroup& loops);
    ~LoopWatch();
    LoopWatch(const LoopWatch&) = delete;
    LoopWatch& operator=(const LoopWatch&) = delete;

    void start();
    /// Returns once every loop has given its sign of life.
    Async<void> stop();

private:
    struct Watched;
    Async<void> look_regularly();
    void look(std::size_t index);

    std::vector<std::unique_ptr<Watched>> watched_;  ///< One per loop, in their order.
    TaskGroup group_;
    Signal stop_;
};

}  // namespace a2akit
