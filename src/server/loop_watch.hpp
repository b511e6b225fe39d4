#pragma once

#include "net/loop_group.hpp"

#include <a2akit/core/loop.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace a2akit {

/// Logs when blocking code holds the thread of a loop, with the task of the handler if it is known,
/// and when the loop is free again.
///
/// Runs on the loop that starts it, on which no code of the application may run, and asks each of
/// the others twice a second for a sign of life.
class LoopWatch {
public:
    /// A loop counts as held when it has not given a sign of life for this long.
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
