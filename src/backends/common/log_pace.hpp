#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace a2akit::backends {

/// Keeps errors that come with every call during an outage from filling the log: each kind of them
/// is logged once in ten seconds. Safe from any thread.
template <std::size_t kKinds>
class LogPace {
public:
    /// True when this kind has not been logged for that long; then the caller logs it.
    bool is_time(std::size_t kind) noexcept {
        const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count();
        std::int64_t last = logged_[kind].load();
        return (last == 0 || now >= last + kEvery.count()) &&
               logged_[kind].compare_exchange_strong(last, now);
    }

private:
    static constexpr std::chrono::seconds kEvery{10};
    std::array<std::atomic<std::int64_t>, kKinds> logged_{};
};

}  // namespace a2akit::backends
