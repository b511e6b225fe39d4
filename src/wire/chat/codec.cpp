#include "wire/chat/codec.hpp"

#include "json/writer.hpp"
#include "wire/error_table.hpp"
#include "wire/media_type.hpp"
#include "wire/v1_0/codec.hpp"

#include <chrono>
#include <utility>

namespace a2akit::wire::chat {
namespace {

std::int64_t unix_seconds() {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// What a chat can show of parts: text, data as JSON, and addresses.
std::string text_of(const std::vector<Part>& parts) {
    std::string text;
    for (const Part& part : parts) {
        if (const std::string* words = part.text())
            text += *words;
        else if (const RawJson* data = part.data())
            text += data->text();
        else if (const auto* url = std::get_if<UrlContent>(&part.content))
            text += url->url;
    }
    return text;
}

std::string text_of(const TaskStatus& status) {
    return status.message ? text_of((*status.message)->parts) : std::string();
}

bool is_failure(TaskState state) noexcept {
    return state == TaskState::kFailed || state == TaskState::kRejected ||
           state == TaskState::kCanceled;
}

Error failure_of(const TaskStatus& status) {
    std::string text = text_of(status);
    if (text.empty()) {
        text = status.state == TaskState::kCanceled   ? "the task was canceled"
               : status.state == TaskState::kRejected ? "the agent rejected the task"
                                                      : "the agent failed";
    }
    return {ErrorCode::kInvalidRequest, std::move(text), nullptr};
}

/// Whether the turn is over, so that nothing more is said.
bool ends_answer(TaskState state) noexcept {
    return is_terminal(state) || state == TaskState::kInputRequired ||
           state == TaskState::kAuthRequired;
}

/// Artifacts, or what the agent says when its turn is over.
std::string answer_of(const Task& task) {
    std::string text;
    for (const Shared<Artifact>& artifact : task.artifacts) text += text_of(artifact->parts);
    if (text.empty() && ends_answer(task.status.state)) text = text_of(task.status);
    return text;
}

void begin(json::Writer& writer, std::string_view object, std::string_view id,
           const AnswerForm& form) {
    writer.begin_object();
    writer.key("id");
    writer.string("chatcmpl-" + std::string(id));
    writer.key("object");
    writer.plain_string(object);
    writer.key("created");
    writer.integer(unix_seconds());
    writer.key("model");
    writer.raw(form.rpc_id.empty() ? std::string_view("\"\"") : form.rpc_id);
    writer.key("choices");
    writer.begin_array();
    writer.begin_object();
    writer.key("index");
    writer.integer(0);
}

void end(json::Writer& writer, bool finished) {
    writer.key("finish_reason");
    if (finished)
        writer.plain_string("stop");
    else
        writer.null();
    writer.end_object();
    writer.end_array();
    writer.end_object();
}

void write_completion(json::Writer& writer, std::string_view id, std::string_view text,
                      const AnswerForm& form) {
    begin(writer, "chat.completion", id, form);
    writer.key("message");
    writer.begin_object();
    writer.key("role");
    writer.plain_string("assistant");
    writer.key("content");
    writer.string(text);
    writer.end_object();
    end(writer, true);
}

struct Chunk {
    std::string_view id;
    std::string text = {};
    bool first = false;
    bool finished = false;
};

void write_chunk(json::Writer& writer, const Chunk& chunk, const AnswerForm& form) {
    begin(writer, "chat.completion.chunk", chunk.id, form);
    writer.key("delta");
    writer.begin_object();
    if (chunk.first) {
        writer.key("role");
        writer.plain_string("assistant");
    }
    if (chunk.first || !chunk.text.empty()) {
        writer.key("content");
        writer.string(chunk.text);
    }
    writer.end_object();
    end(writer, chunk.finished);
}

class Codec final : public wire::Codec {
public:
    [[nodiscard]] std::optional<Operation> operation_by_name(
        std::string_view) const noexcept override {
        return std::nullopt;
    }
    bool read_params(json::Cursor& cursor, bool, OperationParams&) const override {
        return cursor.skip();  // see read_request
    }

    void write_reply(std::string& out, const Reply& reply, const AnswerForm& form) const override {
        json::Writer writer(out);
        const auto* sent = std::get_if<SendMessageResponse>(&reply);
        if (sent == nullptr) return writer.raw("{}");
        if (const auto* task = std::get_if<Task>(&sent->payload))
            return write_completion(writer, task->id, answer_of(*task), form);
        if (const auto* message = std::get_if<Message>(&sent->payload))
            write_completion(writer, message->message_id, text_of(message->parts), form);
    }

    void write_event(std::string& out, const StreamResponse& event,
                     const AnswerForm& form) const override {
        json::Writer writer(out);
        std::visit([&](const auto& payload) { write(writer, payload, form); }, event.payload);
    }

    void append_json_rpc_error(std::string& out, std::string_view rpc_id, const Error& error,
                               Timestamp now) const override {
        v1_0::codec().append_json_rpc_error(out, rpc_id, error, now);
    }
    void append_http_error(std::string& out, const Error& error, int http_status,
                           Timestamp) const override {
        json::Writer writer(out);
        writer.begin_object();
        writer.key("error");
        writer.begin_object();
        writer.key("message");
        writer.string(error.message);
        writer.key("type");
        writer.plain_string(http_status >= 500 ? "server_error" : "invalid_request_error");
        writer.key("code");
        writer.string(to_string(error.code));
        writer.end_object();
        writer.end_object();
    }
    [[nodiscard]] int http_status(const Error& error) const noexcept override {
        return error_row(error.code).http_status;
    }
    [[nodiscard]] bool refuses_in_stream(Operation) const noexcept override { return false; }
    [[nodiscard]] std::string_view extensions_header() const noexcept override {
        return v1_0::codec().extensions_header();
    }

private:
    static void write(json::Writer& writer, std::monostate, const AnswerForm& form) {
        write_chunk(writer, {}, form);
    }
    static void write(json::Writer& writer, const Task& task, const AnswerForm& form) {
        if (is_failure(task.status.state)) return write_failure(writer, task.status);
        write_chunk(writer, {task.id, answer_of(task), true, ends_answer(task.status.state)}, form);
    }
    static void write(json::Writer& writer, const Message& message, const AnswerForm& form) {
        write_chunk(writer, {message.message_id, text_of(message.parts), true, true}, form);
    }
    static void write(json::Writer& writer, const TaskArtifactUpdateEvent& event,
                      const AnswerForm& form) {
        write_chunk(writer, {event.task_id, text_of(event.artifact->parts)}, form);
    }
    /// What an agent reports while it works is not part of its answer.
    static void write(json::Writer& writer, const TaskStatusUpdateEvent& event,
                      const AnswerForm& form) {
        if (is_failure(event.status.state)) return write_failure(writer, event.status);
        const bool last = ends_answer(event.status.state);
        write_chunk(writer,
                    {event.task_id, last ? text_of(event.status) : std::string(), false, last},
                    form);
    }
    static void write_failure(json::Writer& writer, const TaskStatus& status) {
        chat::codec().append_http_error(writer.out(), failure_of(status), 422, {});
    }
};

}  // namespace

const wire::Codec& codec() noexcept {
    static const Codec kCodec;
    return kCodec;
}

std::optional<Error> failure_in(const Reply& reply) {
    const auto* sent = std::get_if<SendMessageResponse>(&reply);
    const auto* task = sent != nullptr ? std::get_if<Task>(&sent->payload) : nullptr;
    if (task == nullptr || !is_failure(task->status.state)) return std::nullopt;
    return failure_of(task->status);
}

HttpResponse models(std::string_view name) {
    HttpResponse response;
    response.content_type = kJson;
    json::Writer writer(response.body);
    writer.raw(R"({"object":"list","data":[{"id":)");
    writer.string(name);
    writer.raw(R"(,"object":"model","created":0,"owned_by":"a2akit"}]})");
    return response;
}

}  // namespace a2akit::wire::chat
