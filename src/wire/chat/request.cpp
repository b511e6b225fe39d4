#include "json/cursor.hpp"
#include "json/writer.hpp"
#include "wire/chat/codec.hpp"
#include "wire/decode.hpp"
#include "wire/params.hpp"

#include <a2akit/core/ids.hpp>

#include <utility>
#include <vector>

namespace a2akit::wire::chat {
namespace {

struct ChatMessage {
    std::string role;
    std::string text;
};

class ChatRequestReader {
public:
    explicit ChatRequestReader(std::string_view body)
        : cursor_(body, json::Mode::kStrict, kRequestLimits) {}

    Result<void> read() {
        cursor_.object([&](std::string_view key) {
            if (key == "messages") return cursor_.array([&] { return read_message(); });
            if (key == "model") return cursor_.string(model);
            if (key == "stream" && cursor_.kind() == json::Kind::kBoolean)
                return cursor_.boolean(streams);
            return cursor_.skip();
        });
        if (auto end = cursor_.finish(); !end) return end;
        if (messages.empty() || messages.back().role != "user" || messages.back().text.empty())
            return fail(Error::invalid_field("messages", "must end with a text of the user's"));
        return {};
    }

    std::string model;
    bool streams = false;
    std::vector<ChatMessage> messages;

private:
    bool read_message() {
        ChatMessage& message = messages.emplace_back();
        return cursor_.object([&](std::string_view key) {
            if (key == "role") return cursor_.string(message.role);
            if (key == "content") return read_content(message.text);
            return cursor_.skip();
        });
    }
    bool read_content(std::string& text) {
        if (cursor_.kind() == json::Kind::kNull) return cursor_.skip();
        if (cursor_.kind() == json::Kind::kString) return cursor_.string(text);
        return cursor_.array([&] { return read_part(text); });
    }
    /// `{"type":"text","text":…}`
    bool read_part(std::string& text) {
        std::string type;
        std::string words;
        const bool read = cursor_.object([&](std::string_view key) {
            if (key == "type") return cursor_.string(type);
            if (key == "text") return cursor_.string(words);
            return cursor_.skip();
        });
        if (read && type != "text")
            cursor_.violation("type", "must be text: nothing else is passed on to the agent");
        text += words;
        return read;
    }

    json::Cursor cursor_;
};

std::string earlier_messages(const std::vector<ChatMessage>& messages) {
    std::string out = R"({"messages":[)";
    json::Writer writer(out);
    for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
        writer.element();
        writer.begin_object();
        writer.key("role");
        writer.string(messages[i].role);
        writer.key("content");
        writer.string(messages[i].text);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    return out;
}

}  // namespace

Result<void> read_request(std::string_view body, const RequestHead& head, Call& call) {
    ChatRequestReader reader(body);
    if (Result<void> read = reader.read(); !read) return read;
    call.operation = reader.streams ? Operation::kSendStreamingMessage : Operation::kSendMessage;
    json::Writer(call.rpc_id).string(reader.model);
    call.envelope.operation = call.operation;
    SendMessageRequest& request = call.envelope.params.emplace<SendMessageRequest>();
    Message message;
    message.message_id = head.header("idempotency-key");
    if (message.message_id.empty()) message.message_id = Uuid::generate().to_string();
    message.context_id = head.header("x-conversation-id");
    message.role = Role::kUser;
    message.parts = {Part::from_text(std::move(reader.messages.back().text))};
    request.message = std::move(message);
    if (reader.messages.size() > 1) request.metadata = RawJson(earlier_messages(reader.messages));
    return {};
}

}  // namespace a2akit::wire::chat
