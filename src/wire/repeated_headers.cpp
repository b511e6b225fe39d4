#include "wire/repeated_headers.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace a2akit::wire {
namespace {

struct Rule {
    std::string_view name;
    std::string_view as_written;
    bool list;
};
// If two lines contradict each other, a proxy in front of the server may have used the other one.
constexpr std::array<Rule, 6> kRules{{{"accept", "Accept", true},
                                      {"a2a-version", "A2A-Version", false},
                                      {"authorization", "Authorization", false},
                                      {"content-type", "Content-Type", false},
                                      {"if-none-match", "If-None-Match", true},
                                      {"last-event-id", "Last-Event-ID", false}}};

/// A bit for the length of a name that a rule may have; 0: most headers are about something else.
constexpr std::uint64_t length_bit(std::string_view name) noexcept {
    constexpr std::uint64_t kLengths = [] {
        std::uint64_t lengths = 0;
        for (const Rule& rule : kRules) lengths |= std::uint64_t{1} << rule.name.size();
        return lengths;
    }();
    return name.size() < 64 ? kLengths & (std::uint64_t{1} << name.size()) : 0;
}

/// Whether a header may be there twice: two of a rule have names of the same length.
bool may_repeat(const RequestHead& head) noexcept {
    std::uint64_t lengths = 0;
    std::uint64_t repeated = 0;
    for (const auto& [name, value] : *head.headers) {
        const std::uint64_t bit = length_bit(name);
        repeated |= lengths & bit;
        lengths |= bit;
    }
    return repeated != 0;
}

}  // namespace

std::optional<Error> settle_repeated_headers(const RequestHead& head) {
    if (head.headers == nullptr || !may_repeat(head)) return std::nullopt;
    std::array<std::string*, kRules.size()> first{};
    for (auto& [name, value] : *head.headers) {
        if (length_bit(name) == 0) continue;
        for (std::size_t i = 0; i < kRules.size(); ++i) {
            if (kRules[i].name != name) continue;
            if (first[i] == nullptr) {
                first[i] = &value;
            } else if (kRules[i].list) {
                first[i]->append(", ").append(value);
            } else if (*first[i] != value) {
                return Error::invalid_field(std::string(kRules[i].as_written),
                                            "is sent twice, with different values");
            }
        }
    }
    return std::nullopt;
}

}  // namespace a2akit::wire
