#include "client/media_type.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace a2akit::client {

std::string media_type_of(std::string_view path) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kTypes{{
        {"txt", "text/plain"},        {"md", "text/markdown"},    {"csv", "text/csv"},
        {"html", "text/html"},        {"htm", "text/html"},       {"css", "text/css"},
        {"js", "text/javascript"},    {"xml", "application/xml"}, {"json", "application/json"},
        {"pdf", "application/pdf"},   {"zip", "application/zip"}, {"gz", "application/gzip"},
        {"tar", "application/x-tar"}, {"png", "image/png"},       {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},       {"gif", "image/gif"},       {"svg", "image/svg+xml"},
        {"webp", "image/webp"},       {"mp3", "audio/mpeg"},      {"wav", "audio/wav"},
        {"mp4", "video/mp4"},         {"webm", "video/webm"},     {"yaml", "application/yaml"},
    }};
    const std::size_t dot = path.rfind('.');
    if (dot != std::string_view::npos && path.find('/', dot) == std::string_view::npos) {
        std::string ending(path.substr(dot + 1));
        std::transform(ending.begin(), ending.end(), ending.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        for (const auto& [name, type] : kTypes) {
            if (name == ending) return std::string(type);
        }
    }
    return "application/octet-stream";
}

}  // namespace a2akit::client
