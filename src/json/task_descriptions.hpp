#pragma once

#include "json/description.hpp"

#include <a2akit/protocol/task.hpp>

// The values of specification 1.0, sections 4.1 and 4.2.

namespace a2akit::json {

template <>
struct Description<Part> {
    static constexpr std::string_view kName = "Part";
    static constexpr auto kFields = std::tuple(
        alternative<1>("text", "content", &Part::content),
        alternative<2>("raw", "content", &Part::content),
        alternative<3>("url", "content", &Part::content),
        alternative<4>("data", "content", &Part::content), field("metadata", &Part::metadata),
        field("filename", &Part::filename), field("media_type", &Part::media_type));
};

template <>
struct Description<Message> {
    static constexpr std::string_view kName = "Message";
    static constexpr auto kFields =
        std::tuple(field("message_id", &Message::message_id, Need::kRequired),
                   field("context_id", &Message::context_id), field("task_id", &Message::task_id),
                   field("role", &Message::role, Need::kRequired),
                   field("parts", &Message::parts, Need::kRequired),
                   field("metadata", &Message::metadata), field("extensions", &Message::extensions),
                   field("reference_task_ids", &Message::reference_task_ids));
};

template <>
struct Description<Artifact> {
    static constexpr std::string_view kName = "Artifact";
    static constexpr auto kFields = std::tuple(
        field("artifact_id", &Artifact::artifact_id, Need::kRequired),
        field("name", &Artifact::name), field("description", &Artifact::description),
        field("parts", &Artifact::parts, Need::kRequired), field("metadata", &Artifact::metadata),
        field("extensions", &Artifact::extensions));
};

template <>
struct Description<TaskStatus> {
    static constexpr std::string_view kName = "TaskStatus";
    static constexpr auto kFields = std::tuple(field("state", &TaskStatus::state, Need::kRequired),
                                               field("message", &TaskStatus::message),
                                               field("timestamp", &TaskStatus::timestamp));
};

template <>
struct Description<Task> {
    static constexpr std::string_view kName = "Task";
    static constexpr auto kFields = std::tuple(
        field("id", &Task::id, Need::kRequired), field("context_id", &Task::context_id),
        field("status", &Task::status, Need::kRequired), field("artifacts", &Task::artifacts),
        field("history", &Task::history), field("metadata", &Task::metadata));
};

template <>
struct Description<TaskStatusUpdateEvent> {
    static constexpr std::string_view kName = "TaskStatusUpdateEvent";
    static constexpr auto kFields =
        std::tuple(field("task_id", &TaskStatusUpdateEvent::task_id, Need::kRequired),
                   field("context_id", &TaskStatusUpdateEvent::context_id, Need::kRequired),
                   field("status", &TaskStatusUpdateEvent::status, Need::kRequired),
                   field("metadata", &TaskStatusUpdateEvent::metadata));
};

template <>
struct Description<TaskArtifactUpdateEvent> {
    static constexpr std::string_view kName = "TaskArtifactUpdateEvent";
    static constexpr auto kFields =
        std::tuple(field("task_id", &TaskArtifactUpdateEvent::task_id, Need::kRequired),
                   field("context_id", &TaskArtifactUpdateEvent::context_id, Need::kRequired),
                   field("artifact", &TaskArtifactUpdateEvent::artifact, Need::kRequired),
                   field("append", &TaskArtifactUpdateEvent::append),
                   field("last_chunk", &TaskArtifactUpdateEvent::last_chunk),
                   field("metadata", &TaskArtifactUpdateEvent::metadata));
};

}  // namespace a2akit::json
