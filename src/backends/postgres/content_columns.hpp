#pragma once

#include "backends/common/content_check.hpp"

#include <array>

namespace a2akit::postgres {

/// A column that holds contents of tasks, which are encrypted when there are data keys.
struct ContentColumn {
    const char* table;
    const char* task;  ///< The column with the task.
    const char* name;
    backends::ContentCheck::Kind kind;
};

/// All of them, for whatever reads or rewrites every stored content. Two stand elsewhere: the
/// values of contexts (`contexts.value`) belong to no task, and the sealed context of a request
/// (`tasks.sealed`) is encrypted with a key of its own.
/// PostgresNodeTest.EveryColumnOfBytesHoldsContentsOrIsKnownNotTo compares this with the schema.
inline constexpr std::array kContentColumns = {
    ContentColumn{"tasks", "id", "metadata", backends::ContentCheck::Kind::kMetadata},
    ContentColumn{"tasks", "id", "checkpoint", backends::ContentCheck::Kind::kCheckpoint},
    ContentColumn{"tasks", "id", "reply", backends::ContentCheck::Kind::kMessage},
    ContentColumn{"writes", "task", "status", backends::ContentCheck::Kind::kStatus},
    ContentColumn{"writes", "task", "chunks", backends::ContentCheck::Kind::kChunks},
    ContentColumn{"writes", "task", "history", backends::ContentCheck::Kind::kMessages},
    ContentColumn{"writes", "task", "input", backends::ContentCheck::Kind::kInput},
    ContentColumn{"dead_letters", "task", "input", backends::ContentCheck::Kind::kInput},
    ContentColumn{"pushes", "task", "config", backends::ContentCheck::Kind::kPushConfig},
};

}  // namespace a2akit::postgres
