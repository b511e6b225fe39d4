#include "security/rate_limiter.hpp"

#include <algorithm>

namespace a2akit::security {

RateLimiter::RateLimiter(double per_second, double burst)
    : each_(std::max<Span::rep>(1, static_cast<Span::rep>(1e9 / per_second))),
      ahead_(static_cast<Span::rep>(1e9 / per_second * (burst - 1))) {}

RateLimiter::Part& RateLimiter::part_of(std::string_view caller) noexcept {
    return parts_[(Hash{}(caller) >> 7U) % kParts];
}

std::optional<Duration> RateLimiter::wait_of(SteadyTime paid, SteadyTime now) const {
    if (paid <= now + ahead_) return std::nullopt;
    return std::chrono::ceil<Duration>(paid - ahead_ - now);
}

std::optional<Duration> RateLimiter::take(std::string_view caller, SteadyTime now) {
    Part& part = part_of(caller);
    const std::lock_guard lock(part.mutex);
    auto found = part.paid.find(caller);
    if (found == part.paid.end()) {
        if (part.paid.size() >= kMostCallers / kParts) make_room(part, now);
        found = part.paid.emplace(caller, now).first;
    }
    if (const auto wait = wait_of(found->second, now)) return wait;
    found->second = std::max(found->second, now) + each_;
    return std::nullopt;
}

std::optional<Duration> RateLimiter::ask(std::string_view caller, SteadyTime now) {
    Part& part = part_of(caller);
    const std::lock_guard lock(part.mutex);
    const auto found = part.paid.find(caller);
    return found == part.paid.end() ? std::nullopt : wait_of(found->second, now);
}

void RateLimiter::make_room(Part& part, SteadyTime now) {
    std::erase_if(part.paid, [now](const auto& entry) { return entry.second <= now; });
    // A quarter together, so that a flood of new callers does not search for each of them.
    const std::size_t most = kMostCallers / kParts / 4 * 3;
    while (part.paid.size() > most) part.paid.erase(part.paid.begin());
}

}  // namespace a2akit::security
