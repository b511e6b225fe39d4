#pragma once

#include <a2akit/core/shared.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace a2akit {

/// The sender of a message (specification 1.0, section 4.1.5).
enum class Role : std::uint8_t { kUnspecified, kUser, kAgent };

/// The alternatives of Part.content. Exactly one is set in a valid part.
struct TextContent {
    std::string text = {};
    friend bool operator==(const TextContent&, const TextContent&) = default;
};
struct RawContent {
    std::string bytes = {};  ///< The decoded bytes; they are base64 on the wire only.
    friend bool operator==(const RawContent&, const RawContent&) = default;
};
struct UrlContent {
    std::string url = {};
    friend bool operator==(const UrlContent&, const UrlContent&) = default;
};
struct DataContent {
    RawJson value = {};  ///< Any JSON value.
    friend bool operator==(const DataContent&, const DataContent&) = default;
};

/// The smallest unit of content (specification 1.0, section 4.1.6).
struct Part {
    std::variant<std::monostate, TextContent, RawContent, UrlContent, DataContent> content = {};
    RawJson metadata = {};
    std::string filename = {};
    std::string media_type = {};

    [[nodiscard]] static Part from_text(std::string text) {
        return {TextContent{std::move(text)}, {}, {}, {}};
    }
    [[nodiscard]] static Part from_data(RawJson value) {
        return {DataContent{std::move(value)}, {}, {}, {}};
    }
    [[nodiscard]] static Part from_bytes(std::string bytes, std::string media_type,
                                         std::string filename = {}) {
        return {RawContent{std::move(bytes)}, {}, std::move(filename), std::move(media_type)};
    }
    [[nodiscard]] static Part from_url(std::string url, std::string media_type,
                                       std::string filename = {}) {
        return {UrlContent{std::move(url)}, {}, std::move(filename), std::move(media_type)};
    }

    /// The text of a text part; null for every other part.
    [[nodiscard]] const std::string* text() const noexcept {
        const auto* content_text = std::get_if<TextContent>(&content);
        return content_text != nullptr ? &content_text->text : nullptr;
    }
    /// The JSON of a data part; null for every other part.
    [[nodiscard]] const RawJson* data() const noexcept {
        const auto* content_data = std::get_if<DataContent>(&content);
        return content_data != nullptr ? &content_data->value : nullptr;
    }
    friend bool operator==(const Part&, const Part&) = default;
};

/// One contribution to the conversation between a client and an agent (specification 1.0,
/// section 4.1.4).
struct Message {
    std::string message_id = {};
    std::string context_id = {};
    std::string task_id = {};
    Role role = Role::kUnspecified;
    std::vector<Part> parts = {};
    RawJson metadata = {};
    std::vector<std::string> extensions = {};
    std::vector<std::string> reference_task_ids = {};

    /// The texts of all text parts, joined by newlines.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Message&, const Message&) = default;
};

/// An output of a task (specification 1.0, section 4.1.7).
struct Artifact {
    std::string artifact_id = {};
    std::string name = {};
    std::string description = {};
    std::vector<Part> parts = {};
    RawJson metadata = {};
    std::vector<std::string> extensions = {};

    /// The texts of all text parts, joined without a separator: chunks of a streamed text make the
    /// text again.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Artifact&, const Artifact&) = default;
};

/// Message.text() for any list of parts, with a separator of the caller's.
[[nodiscard]] std::string join_text(const std::vector<Part>& parts, std::string_view separator);

}  // namespace a2akit
