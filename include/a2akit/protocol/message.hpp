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

// The alternatives of Part::content. Exactly one is set in a valid part.

/// Text for a person or a model.
struct TextContent {
    std::string text = {};  ///< UTF-8.
    friend bool operator==(const TextContent&, const TextContent&) = default;
};
/// The bytes of a file.
struct RawContent {
    std::string bytes = {};  ///< The decoded bytes; they are base64 on the wire only.
    friend bool operator==(const RawContent&, const RawContent&) = default;
};
/// Where a file can be fetched. Nothing here fetches it, or says that it can be trusted.
struct UrlContent {
    std::string url = {};
    friend bool operator==(const UrlContent&, const UrlContent&) = default;
};
/// Structured data.
struct DataContent {
    RawJson value = {};  ///< Any JSON value.
    friend bool operator==(const DataContent&, const DataContent&) = default;
};

/// The smallest unit of content (specification 1.0, section 4.1.6).
struct Part {
    /// std::monostate only until it is filled in: such a part is refused when it is sent.
    std::variant<std::monostate, TextContent, RawContent, UrlContent, DataContent> content = {};
    RawJson metadata = {};        ///< A JSON object; empty: absent.
    std::string filename = {};    ///< Such as "document.pdf"; empty: absent.
    std::string media_type = {};  ///< Such as "text/plain", for any kind of content; empty: absent.

    /// A part with one kind of content. Nothing is checked before the part is sent.
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
    std::string message_id = {};  ///< Chosen by the sender, who uses it once.
    /// The conversation; empty in the first message of one.
    std::string context_id = {};
    /// The task that the message continues; empty: it starts a task.
    std::string task_id = {};
    Role role = Role::kUnspecified;
    std::vector<Part> parts = {};              ///< At least one in a valid message.
    RawJson metadata = {};                     ///< A JSON object; empty: absent.
    std::vector<std::string> extensions = {};  ///< URIs of the extensions that the message uses.
    /// Further tasks that the message speaks of.
    std::vector<std::string> reference_task_ids = {};

    /// The texts of all text parts, joined by newlines.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Message&, const Message&) = default;
};

/// An output of a task (specification 1.0, section 4.1.7).
struct Artifact {
    std::string artifact_id = {};  ///< Unique within its task.
    std::string name = {};         ///< For a person; empty: absent.
    std::string description = {};
    std::vector<Part> parts = {};              ///< At least one in a valid artifact.
    RawJson metadata = {};                     ///< A JSON object; empty: absent.
    std::vector<std::string> extensions = {};  ///< URIs of the extensions that the artifact uses.

    /// The texts of all text parts, joined without a separator: chunks of a streamed text make the
    /// text again.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Artifact&, const Artifact&) = default;
};

/// Message.text() for any list of parts, with a separator of the caller's.
[[nodiscard]] std::string join_text(const std::vector<Part>& parts, std::string_view separator);

}  // namespace a2akit
