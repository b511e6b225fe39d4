#include "cli/render.hpp"

#include "client/media_type.hpp"
#include "json/codec.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace a2akit::cli {
namespace {

std::string size_text(std::size_t bytes) {
    return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

void render_file_fields(Console& console, const Part& part) {
    const auto* raw = std::get_if<RawContent>(&part.content);
    const auto* url = std::get_if<UrlContent>(&part.content);
    console.field("File", part.filename.empty() ? "(unnamed)" : part.filename);
    console.field("Media Type", part.media_type.empty() ? "(unknown)" : part.media_type);
    if (raw != nullptr) console.field("Size", size_text(raw->bytes.size()));
    if (url != nullptr) console.field("URL", url->url);
}

void render_part(Console& console, const Part& part) {
    const bool details = console.is_verbose();
    if (const std::string* text = part.text()) {
        if (details && !part.media_type.empty()) console.field("Media Type", part.media_type);
        console.block("Text", *text);
    } else if (const RawJson* data = part.data()) {
        if (details && !part.media_type.empty()) console.field("Media Type", part.media_type);
        console.block("Data", pretty_json(data->text()));
    } else if (part.content.index() == 0) {
        console.field("Part", "(of a kind that this version does not know)");
    } else {
        render_file_fields(console, part);
    }
    if (details && !part.metadata.empty()) console.block("Metadata", part.metadata.text());
}

/// The pieces of a streamed text are parts of one artifact: they are shown as the text they make.
std::vector<Part> joined(const std::vector<Part>& parts) {
    std::vector<Part> out;
    for (const Part& part : parts) {
        const bool is_plain = part.text() != nullptr && part.metadata.empty() &&
                              part.filename.empty() &&
                              (out.empty() || out.back().media_type == part.media_type);
        if (is_plain && !out.empty() && out.back().text() != nullptr &&
            out.back().metadata.empty() && out.back().filename.empty()) {
            std::get<TextContent>(out.back().content).text += *part.text();
        } else {
            out.push_back(part);
        }
    }
    return out;
}

std::string_view role_text(Role role) {
    switch (role) {
        case Role::kUser:
            return "user";
        case Role::kAgent:
            return "agent";
        default:
            return "unspecified";
    }
}

void render_history(Console& console, const Task& task) {
    for (const Shared<Message>& message : task.history) {
        console.field("Message ID", message->message_id);
        console.field("Role", role_text(message->role));
        render_parts(console, message->parts);
    }
}

std::string_view advice_of(TaskState state) {
    switch (state) {
        case TaskState::kFailed:
            return "the task failed";
        case TaskState::kRejected:
            return "the agent rejected the task";
        case TaskState::kCanceled:
            return "the task was cancelled";
        case TaskState::kInputRequired:
            return "the task waits for your input";
        case TaskState::kAuthRequired:
            return "the task waits until you have authorised it";
        default:
            return {};
    }
}

}  // namespace

void render_parts(Console& console, const std::vector<Part>& parts) {
    for (const Part& part : parts) render_part(console, part);
}

void render_outgoing(Console& console, const std::vector<OutgoingPart>& parts) {
    for (const OutgoingPart& part : parts) {
        if (const auto* whole = std::get_if<Part>(&part)) {
            render_part(console, *whole);
            continue;
        }
        const auto& file = std::get<LocalFile>(part);
        std::error_code fault;
        const std::uintmax_t size = std::filesystem::file_size(file.file, fault);
        console.field("File", file.file.filename().string());
        console.field("Media Type", file.media_type.empty()
                                        ? client::media_type_of(file.file.string())
                                        : file.media_type);
        if (!fault) console.field("Size", size_text(size));
    }
}

void render_artifact(Console& console, const Artifact& artifact) {
    console.field("Artifact", artifact.artifact_id);
    if (!artifact.name.empty()) console.field("Name", artifact.name);
    if (!artifact.description.empty()) console.field("Description", artifact.description);
    if (console.is_verbose() && !artifact.metadata.empty())
        console.block("Metadata", artifact.metadata.text());
    render_parts(console, joined(artifact.parts));
}

void render_standing(Console& console, const std::string& task_id, const std::string& context_id,
                     TaskState state) {
    console.field("Task ID", task_id);
    console.field("Context ID", context_id);
    console.field("State", to_string(state));
}

void render_task(Console& console, const Task& task) {
    render_standing(console, task.id, task.context_id, task.status.state);
    if (task.status.message) {
        console.field("Role", role_text((*task.status.message)->role));
        render_parts(console, (*task.status.message)->parts);
    }
    for (const Shared<Artifact>& artifact : task.artifacts) render_artifact(console, *artifact);
    if (!console.is_verbose()) return;
    render_history(console, task);
    if (!task.metadata.empty()) console.block("Metadata", task.metadata.text());
}

void render_message(Console& console, const Message& message) {
    console.field("Message ID", message.message_id);
    if (!message.task_id.empty()) console.field("Task ID", message.task_id);
    if (!message.context_id.empty()) console.field("Context ID", message.context_id);
    console.field("Role", role_text(message.role));
    render_parts(console, message.parts);
    if (console.is_verbose() && !message.metadata.empty())
        console.block("Metadata", message.metadata.text());
}

void render_event(Console& console, const StreamResponse& event) {
    if (const auto* task = std::get_if<Task>(&event.payload)) {
        render_task(console, *task);
    } else if (const auto* message = std::get_if<Message>(&event.payload)) {
        render_message(console, *message);
    } else if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload)) {
        render_standing(console, status->task_id, status->context_id, status->status.state);
        if (status->status.message) {
            console.field("Role", role_text((*status->status.message)->role));
            render_parts(console, (*status->status.message)->parts);
        }
    } else if (const auto* artifact = std::get_if<TaskArtifactUpdateEvent>(&event.payload)) {
        render_artifact(console, *artifact->artifact);
    }
}

void render_follow_up(const Session& session, const std::string& task_id,
                      const std::string& context_id, TaskState state) {
    Console& console = session.console();
    std::string command;
    if (is_interrupted(state)) {
        command =
            session.command_line("send") + " --task-id " + shell_word(task_id) + " \"<reply>\"";
    } else if (is_terminal(state)) {
        if (context_id.empty()) return;
        command = session.command_line("send") + " --context-id " + shell_word(context_id) +
                  " \"<message>\"";
    } else {
        command = session.command_line("task get " + shell_word(task_id) + " --wait");
    }
    if (const std::string_view advice = advice_of(state); !advice.empty()) console.warn(advice);
    if (!console.is_json()) {
        console.field("Resume", command);
    } else if (!is_terminal(state)) {
        console.hint("Resume", command);
    }
}

}  // namespace a2akit::cli
