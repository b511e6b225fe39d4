#include "serve/openai_chat.hpp"

#include "json/cursor.hpp"
#include "json/writer.hpp"

#include <utility>

namespace a2akit::serve {
namespace {

/// A string; a null or anything else is nothing.
bool read_text(json::Cursor& cursor, std::string& out) {
    return cursor.kind() == json::Kind::kString ? cursor.string(out) : cursor.skip();
}

bool read_message(json::Cursor& cursor, ChatMessage& message) {
    if (cursor.kind() != json::Kind::kObject) return cursor.skip();
    return cursor.object([&](std::string_view key) {
        if (key == "role") return read_text(cursor, message.role);
        if (key == "content") return read_text(cursor, message.content);
        return cursor.skip();
    });
}

void write_messages(json::Writer& writer, const std::vector<ChatMessage>& messages) {
    writer.begin_array();
    for (const ChatMessage& message : messages) {
        writer.element();
        writer.begin_object();
        writer.key("role");
        writer.string(message.role);
        writer.key("content");
        writer.string(message.content);
        writer.end_object();
    }
    writer.end_array();
}

/// One element of "choices": "delta" in a stream, "message" in a whole answer.
bool read_choice(json::Cursor& cursor, Completion& completion) {
    if (cursor.kind() != json::Kind::kObject) return cursor.skip();
    ChatMessage message;
    const bool read = cursor.object([&](std::string_view key) {
        if (key == "delta" || key == "message") return read_message(cursor, message);
        if (key == "finish_reason") return read_text(cursor, completion.finish_reason);
        return cursor.skip();
    });
    completion.text += message.content;
    return read;
}

/// `{"message":…}`, or a bare text as some servers send it.
bool read_error(json::Cursor& cursor, Completion& completion) {
    if (cursor.kind() == json::Kind::kNull) return cursor.skip();
    std::string& text = completion.error.emplace();
    if (cursor.kind() != json::Kind::kObject) return read_text(cursor, text);
    return cursor.object([&](std::string_view key) {
        return key == "message" ? read_text(cursor, text) : cursor.skip();
    });
}

}  // namespace

std::string write_chat(const std::vector<ChatMessage>& messages) {
    std::string out;
    json::Writer writer(out);
    write_messages(writer, messages);
    return out;
}

std::vector<ChatMessage> read_chat(const RawJson& value) {
    std::vector<ChatMessage> messages;
    if (value.empty()) return messages;
    json::Cursor cursor(value.text(), json::Mode::kLenient);
    const bool read = cursor.kind() == json::Kind::kArray &&
                      cursor.array([&] { return read_message(cursor, messages.emplace_back()); });
    if (!read || !cursor.finish()) return {};
    std::erase_if(messages, [](const ChatMessage& message) { return message.role.empty(); });
    return messages;
}

void shorten_chat(std::vector<ChatMessage>& messages, std::size_t most) {
    std::size_t bytes = 0;
    for (std::size_t i = messages.size(); i > 0; --i) {
        bytes += messages[i - 1].content.size();
        if (bytes <= most || i == messages.size()) continue;
        messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i));
        return;
    }
}

std::string completion_request(std::string_view model, const std::vector<ChatMessage>& messages) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.key("model");
    writer.string(model);
    writer.key("stream");
    writer.boolean(true);
    writer.key("messages");
    write_messages(writer, messages);
    writer.end_object();
    return out;
}

Result<Completion> read_completion(std::string_view json) {
    Completion completion;
    json::Cursor cursor(json, json::Mode::kLenient);
    const bool is_object = cursor.kind() == json::Kind::kObject;
    const bool read = is_object && cursor.object([&](std::string_view key) {
        if (key == "error") return read_error(cursor, completion);
        if (key != "choices" || cursor.kind() != json::Kind::kArray) return cursor.skip();
        bool is_first = true;
        return cursor.array([&] {
            return std::exchange(is_first, false) ? read_choice(cursor, completion) : cursor.skip();
        });
    });
    if (!read || !cursor.finish())
        return fail(ErrorCode::kInvalidAgentResponse, "it is not a chat completion");
    return completion;
}

std::string completions_url(std::string_view base) {
    constexpr std::string_view kPath = "/chat/completions";
    while (base.ends_with('/')) base.remove_suffix(1);
    if (base.ends_with(kPath)) return std::string(base);
    const std::size_t scheme = base.find("://");
    const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const bool has_path = base.find('/', host) != std::string_view::npos;
    return std::string(base) + (has_path ? "" : "/v1") + std::string(kPath);
}

}  // namespace a2akit::serve
