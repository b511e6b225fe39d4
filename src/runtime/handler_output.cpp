#include "runtime/handler_output.hpp"

#include "json/cursor.hpp"
#include "json/utf8.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <variant>

namespace a2akit {

void require_utf8(std::string_view what, std::string_view text) {
    if (json::is_utf8(text)) return;
    throw std::invalid_argument(
        fmt::format("{} is not valid UTF-8; a chunk must not end within a character, and bytes go as bytes", what));
}

void require_json(std::string_view what, const RawJson& value) {
    if (value.empty()) return;
    json::Cursor cursor(value.text());
    cursor.skip();
    if (const auto read = cursor.finish(); !read) {
        throw std::invalid_argument(fmt::format("{} is not one JSON value: {}", what, read.error().message));
    }
}

void require_sendable(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        if (part.text() != nullptr) require_utf8("the text", *part.text());
        if (part.data() != nullptr) {
            if (part.data()->empty()) throw std::invalid_argument("the data is not one JSON value: it is empty");
            require_json("the data", *part.data());
        }
        if (const auto* url = std::get_if<UrlContent>(&part.content)) require_utf8("the url", url->url);
        require_utf8("the filename", part.filename);
        require_utf8("the media_type", part.media_type);
        require_json("the metadata of a part", part.metadata);
    }
}

void require_sendable(const Artifact& artifact) {
    if (artifact.artifact_id.empty()) throw std::invalid_argument("an artifact needs an artifact_id");
    require_utf8("the artifact_id", artifact.artifact_id);
    require_utf8("the name", artifact.name);
    require_utf8("the description", artifact.description);
    for (const std::string& extension : artifact.extensions) require_utf8("an extension", extension);
    require_json("the metadata", artifact.metadata);
    require_sendable(artifact.parts);
}

}  // namespace a2akit
