#pragma once

#include <a2akit/core/clock.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace a2akit::security {

/// How many calls each caller may make: `per_second` of them in the long run, `burst` of them
/// together after a pause. Its memory is bounded: beyond kMostCallers it forgets callers that have
/// been silent, and then any. Safe from any thread.
class RateLimiter {
public:
    static constexpr std::size_t kMostCallers = 65536;

    /// REQUIRES: per_second > 0, burst >= 1.
    RateLimiter(double per_second, double burst);

    /// Counts one call. nullopt: it may go on; otherwise it is not counted, and may be tried again
    /// after this time.
    [[nodiscard]] std::optional<Duration> take(std::string_view caller, SteadyTime now);
    /// The same question without counting.
    [[nodiscard]] std::optional<Duration> ask(std::string_view caller, SteadyTime now);

private:
    using Span = std::chrono::nanoseconds;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    struct Part {
        std::mutex mutex;
        /// When all calls of a caller so far are paid for.
        std::unordered_map<std::string, SteadyTime, Hash, std::equal_to<>> paid;
    };
    static constexpr std::size_t kParts = 16;

    [[nodiscard]] Part& part_of(std::string_view caller) noexcept;
    [[nodiscard]] std::optional<Duration> wait_of(SteadyTime paid, SteadyTime now) const;
    static void make_room(Part& part, SteadyTime now);

    Span each_;   ///< The price of one call.
    Span ahead_;  ///< How far a caller may be ahead of its payments.
    std::array<Part, kParts> parts_;
};

}  // namespace a2akit::security
