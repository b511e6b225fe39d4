#include "runtime/tasks/media_range.hpp"

#include <algorithm>

namespace a2akit {
namespace {

std::string_view essence(std::string_view type) noexcept {
    type = type.substr(0, type.find(';'));
    while (!type.empty() && type.front() == ' ') type.remove_prefix(1);
    while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
    return type;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool media_range_covers(std::string_view range, std::string_view type) noexcept {
    if (range == type) return true;  // Nearly always.
    range = essence(range);
    type = essence(type);
    if (range == "*" || range == "*/*") return true;
    if (range.ends_with("/*")) {
        const std::string_view family = range.substr(0, range.size() - 1);
        return type.size() > family.size() && same(family, type.substr(0, family.size()));
    }
    return same(range, type);
}

}  // namespace a2akit
