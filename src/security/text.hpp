#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// Small questions about text that several files of this room ask.
namespace a2akit::security {

[[nodiscard]] inline std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return lower;
}

[[nodiscard]] inline std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The entries of a list that commas separate, without the empty ones. Views into `list`.
[[nodiscard]] inline std::vector<std::string_view> split_list(std::string_view list) {
    std::vector<std::string_view> entries;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        if (const std::string_view entry = trim(list.substr(0, end)); !entry.empty())
            entries.push_back(entry);
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return entries;
}

}  // namespace a2akit::security
