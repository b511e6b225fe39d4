#include "runtime/runs/handler_output.hpp"

#include "json/cursor.hpp"
#include "json/utf8.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <variant>

namespace a2akit {
namespace {

// Most texts are, and this loop, which the compiler makes of vector instructions, is the quickest
// look at them.
bool is_ascii_without_nul(std::string_view text) noexcept {
    bool is = true;
    for (const char c : text) is &= static_cast<signed char>(c) > 0;
    return is;
}

}  // namespace

void require_utf8(std::string_view what, std::string_view text) {
    if (is_ascii_without_nul(text)) return;
    if (text.find('\0') != std::string_view::npos) {
        throw std::invalid_argument(
            fmt::format("{} contains the character NUL (U+0000); send bytes as bytes", what));
    }
    if (json::is_utf8(text)) return;
    throw std::invalid_argument(fmt::format(
        "{} is not valid UTF-8; a chunk must not end within a character, and bytes go as bytes",
        what));
}

void require_json(std::string_view what, RawJson& value) {
    if (value.empty()) return;
    json::Cursor cursor(value.text());
    RawJson minified;
    cursor.raw_json(minified);
    const auto read = cursor.finish();
    if (!read && read.error().code == ErrorCode::kInvalidParams) {
        throw std::invalid_argument(fmt::format("{} {}", what, read.error().message));
    }
    if (!read) {
        throw std::invalid_argument(
            fmt::format("{} is not one JSON value: {}", what, read.error().message));
    }
    if (minified.text().size() != value.text().size()) value = std::move(minified);
}

void require_object(std::string_view what, RawJson& value) {
    require_json(what, value);
    if (value.empty() || value.text().front() == '{') return;
    throw std::invalid_argument(
        fmt::format("{} must be a JSON object, such as {{\"key\": 1}}", what));
}

void require_sendable(std::vector<Part>& parts) {
    std::size_t bytes = 0;
    for (Part& part : parts) {
        if (part.text() != nullptr) {
            require_utf8("the text", *part.text());
            bytes += part.text()->size();
        }
        if (auto* data = std::get_if<DataContent>(&part.content)) {
            if (data->value.empty())
                throw std::invalid_argument("the data is not one JSON value: it is empty");
            require_json("the data", data->value);
            bytes += data->value.text().size();
        }
        if (const auto* raw = std::get_if<RawContent>(&part.content)) bytes += raw->bytes.size();
        if (const auto* url = std::get_if<UrlContent>(&part.content)) {
            require_utf8("the url", url->url);
        }
        require_utf8("the filename", part.filename);
        require_utf8("the media_type", part.media_type);
        require_object("the metadata of a part", part.metadata);
    }
    if (bytes <= kMaxOutputBytes) return;
    throw std::invalid_argument(
        fmt::format("{} bytes are too many for one call: {} at most. Emit a large artifact in "
                    "chunks (append = true)",
                    bytes, kMaxOutputBytes));
}

void require_sendable(Artifact& artifact) {
    if (artifact.artifact_id.empty())
        throw std::invalid_argument("an artifact needs an artifact_id");
    require_utf8("the artifact_id", artifact.artifact_id);
    require_utf8("the name", artifact.name);
    require_utf8("the description", artifact.description);
    for (const std::string& extension : artifact.extensions)
        require_utf8("an extension", extension);
    require_object("the metadata", artifact.metadata);
    require_sendable(artifact.parts);
}

}  // namespace a2akit
