#include "wire/media_type.hpp"

#include "wire/uri.hpp"

namespace a2akit::wire {
namespace {

/// "0.8" -> 800; a malformed weight counts as 1, so that a sloppy client still gets an answer.
int weight(std::string_view text) noexcept {
    if (text.empty() || (text[0] != '0' && text[0] != '1')) return 1000;
    if (text[0] == '1') return 1000;
    int thousandths = 0;
    int scale = 100;
    for (std::size_t i = 2; i < text.size() && i < 5; ++i, scale /= 10) {
        if (text[i] < '0' || text[i] > '9') return 1000;
        thousandths += (text[i] - '0') * scale;
    }
    return thousandths;
}

/// How exactly a media range names `type`: 0 not at all, 1 "*/*", 2 "text/*", 3 itself.
int specificity(std::string_view range, std::string_view type) noexcept {
    if (range == "*/*" || range == "*") return 1;
    if (range.size() > 2 && range.substr(range.size() - 2) == "/*") {
        const std::size_t stem = range.size() - 1;
        return equal_ignoring_case(range.substr(0, stem), type.substr(0, stem)) ? 2 : 0;
    }
    return equal_ignoring_case(range, type) ? 3 : 0;
}

}  // namespace

std::string_view readable_body_type(std::string_view content_type) noexcept {
    if (content_type == kJson) return kJson;  // Nearly always.
    const std::string_view type = trim(take_until(content_type, ';'));
    while (!content_type.empty()) {
        std::string_view value = take_until(content_type, ';');
        const std::string_view name = trim(take_until(value, '='));
        value = trim(value);
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
            value = value.substr(1, value.size() - 2);
        }
        const bool utf8 = equal_ignoring_case(value, "utf-8") || equal_ignoring_case(value, "utf8");
        if (equal_ignoring_case(name, "charset") && !utf8) return {};
    }
    if (equal_ignoring_case(type, kJson)) return kJson;
    if (equal_ignoring_case(type, kA2aJson)) return kA2aJson;
    return {};
}

int acceptance(std::string_view accept, std::string_view type) noexcept {
    if (trim(accept).empty()) return 1000;
    int best = 0;
    int wanted = 0;
    while (!accept.empty()) {
        std::string_view parameters = take_until(accept, ',');
        const int exactness = specificity(trim(take_until(parameters, ';')), type);
        if (exactness <= best) continue;
        best = exactness;
        wanted = 1000;
        while (!parameters.empty()) {
            std::string_view value = take_until(parameters, ';');
            if (equal_ignoring_case(trim(take_until(value, '=')), "q"))
                wanted = weight(trim(value));
        }
    }
    return wanted;
}

std::string_view preferred_json(std::string_view accept, std::string_view otherwise) noexcept {
    if (accept == kJson) return kJson;  // Nearly always.
    const int a2a = acceptance(accept, kA2aJson);
    const int json = acceptance(accept, kJson);
    if (a2a == 0 && json == 0) return {};
    if (a2a == json) return otherwise;
    return a2a > json ? kA2aJson : kJson;
}

}  // namespace a2akit::wire
