#include "server/unknown_settings.hpp"

#include <a2akit/server/settings.hpp>

#include <unistd.h>

#include <algorithm>
#include <numeric>

namespace a2akit {
namespace {

constexpr std::string_view kPrefix = "A2AKIT_";

/// Reading all settings into an empty object asks for every variable that exists. Without the
/// prefix.
std::vector<std::string> known_names() {
    std::vector<std::string> names;
    const auto asked =
        Settings{}.resolved([&names](std::string_view name) -> std::optional<std::string> {
            names.emplace_back(name.substr(kPrefix.size()));
            return std::nullopt;
        });
    return asked ? names : std::vector<std::string>{};
}

/// How many characters have to be changed, added or left out (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_to(std::string_view name, const std::vector<std::string>& known) {
    constexpr std::size_t kLongest = 64;  // of a name worth comparing
    std::string_view nearest;
    std::size_t least = std::min(name.size(), kLongest);
    for (const std::string& one : known) {
        if (name.size() > kLongest) break;
        const std::size_t found = distance(name, one);
        if (found < least) {
            least = found;
            nearest = one;
        }
    }
    // If more than a third differs, another word was meant.
    return least * 3 <= name.size() ? std::string(nearest) : std::string();
}

std::vector<UnknownSetting> unknown_settings(const std::vector<std::string_view>& names) {
    std::vector<UnknownSetting> unknown;
    std::vector<std::string> known;
    for (const std::string_view name : names) {
        if (!name.starts_with(kPrefix)) continue;
        if (known.empty()) known = known_names();
        const std::string_view rest = name.substr(kPrefix.size());
        if (std::find(known.begin(), known.end(), rest) != known.end()) continue;
        const std::string nearest = nearest_to(rest, known);
        unknown.push_back(
            {std::string(name), nearest.empty() ? nearest : std::string(kPrefix) + nearest});
    }
    return unknown;
}

std::vector<std::string_view> environment_names() {
    std::vector<std::string_view> names;
    for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
        const std::string_view text(*variable);
        names.push_back(text.substr(0, text.find('=')));
    }
    return names;
}

}  // namespace a2akit
