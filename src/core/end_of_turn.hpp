#pragma once

#include <a2akit/core/loop.hpp>

namespace a2akit {

/// Runs `work` on the loop whose thread this is, once everything that is ready there has had its
/// turn: what a loop hands to another thread then goes together. False: this thread has no loop, or
/// one that knows no turns, and nothing was posted.
[[nodiscard]] bool post_at_end_of_turn(Work& work) noexcept;

/// For implementations of Loop: how `loop` does it, on this thread, from now on. Null: no loop
/// does.
using PostAtEndOfTurn = void (*)(Loop& loop, Work& work) noexcept;
void set_post_at_end_of_turn(Loop* loop, PostAtEndOfTurn how) noexcept;

}  // namespace a2akit
