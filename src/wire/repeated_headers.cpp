#include "wire/repeated_headers.hpp"

#include <array>

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

}  // namespace

std::optional<Error> settle_repeated_headers(const RequestHead& head) {
    if (head.headers == nullptr) return std::nullopt;
    std::array<std::string*, kRules.size()> first{};
    for (auto& [name, value] : *head.headers) {
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
