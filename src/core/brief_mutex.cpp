#include "core/brief_mutex.hpp"

namespace a2akit {

// A thread that has waited holds it as kAwaited, since others may still be waiting: at worst its
// end wakes nobody.
void BriefMutex::wait() noexcept {
    while (state_.exchange(kAwaited) != kFree) state_.wait(kAwaited);
}

void BriefMutex::wake_one() noexcept { state_.notify_one(); }

}  // namespace a2akit
