#include "core/end_of_turn.hpp"

namespace a2akit {
namespace {

thread_local Loop* turning = nullptr;
thread_local PostAtEndOfTurn post_at_end = nullptr;

}  // namespace

bool post_at_end_of_turn(Work& work) noexcept {
    if (turning == nullptr || turning != Loop::current()) return false;
    post_at_end(*turning, work);
    return true;
}

void set_post_at_end_of_turn(Loop* loop, PostAtEndOfTurn how) noexcept {
    turning = loop;
    post_at_end = how;
}

}  // namespace a2akit
