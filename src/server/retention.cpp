#include "server/retention.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

constexpr std::array<std::pair<std::string_view, TaskState>, 4> kStates{
    {{"completed", TaskState::kCompleted},
     {"failed", TaskState::kFailed},
     {"canceled", TaskState::kCanceled},
     {"rejected", TaskState::kRejected}}};
constexpr std::int64_t kMost = std::int64_t{1} << 40;

struct Limit {
    std::optional<TaskState> state;
    std::int64_t number = 0;
};

std::optional<Limit> read_limit(std::string_view text) {
    Limit limit;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
        const auto known = std::find_if(kStates.begin(), kStates.end(), [&](const auto& one) {
            return one.first == text.substr(0, equals);
        });
        if (known == kStates.end()) return std::nullopt;
        limit.state = known->second;
        text.remove_prefix(equals + 1);
    }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit.number);
    if (error != std::errc{} || end != text.data() + text.size() || limit.number < 0 ||
        limit.number > kMost) {
        return std::nullopt;
    }
    return limit;
}

/// "3600" for every state, or "completed=3600,failed=86400".
Result<std::vector<Limit>> read_limits(std::string_view variable,
                                       const std::optional<std::string>& given) {
    std::vector<Limit> limits;
    std::string_view rest = given ? std::string_view(*given) : std::string_view();
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto limit = read_limit(rest.substr(0, comma));
        if (!limit) {
            return fail(Error::invalid_field(
                std::string(variable),
                "\"" + *given + "\" is not allowed; use a whole number, or one for each of " +
                    "some states, such as completed=3600,failed=86400 (and canceled, rejected)"));
        }
        limits.push_back(*limit);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
    return limits;
}

}  // namespace

Result<HousekeepingOptions> housekeeping_options(const Settings& settings) {
    const auto ages = read_limits("A2AKIT_RETAIN_FOR", settings.retain_for);
    if (!ages) return fail(Error(ages.error()));
    const auto counts = read_limits("A2AKIT_RETAIN_AT_MOST", settings.retain_at_most);
    if (!counts) return fail(Error(counts.error()));
    HousekeepingOptions options;
    options.compact_after = settings.compact_after;
    options.cancel_paused_after = settings.cancel_paused_after;
    for (const Limit& age : *ages)
        options.retention.push_back({age.state, std::chrono::seconds(age.number), {}});
    for (const Limit& count : *counts) options.retention.push_back({count.state, {}, count.number});
    return options;
}

}  // namespace a2akit
