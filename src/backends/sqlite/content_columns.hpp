#pragma once

#include "backends/common/content_check.hpp"

#include <array>

namespace a2akit::sqlite {

/// A column that holds contents of tasks, which are encrypted when there are data keys.
struct ContentColumn {
    const char* table;
    const char* name;
    backends::ContentCheck::Kind kind;
    const char* each;  ///< The bytes of every row, and the number of the task.
    /// Key, task's id and bytes of the next rows behind a key (?1), in the order of keys, at most
    /// 64.
    const char* behind;
    /// Sets the bytes (?1) of the row with a key (?2), if they still are those that were read (?3).
    const char* replace;
};

#define A2AKIT_COLUMN(TABLE, NAME, KIND, KEY, NUMBER)                                      \
    ContentColumn{TABLE,                                                                   \
                  NAME,                                                                    \
                  backends::ContentCheck::Kind::KIND,                                      \
                  "SELECT " NAME ", " NUMBER " FROM " TABLE " WHERE " NAME " IS NOT NULL", \
                  "SELECT " TABLE "." KEY ", tasks.task, " NAME " FROM " TABLE             \
                  " JOIN tasks ON "                                                        \
                  "tasks.id = " TABLE "." NUMBER " WHERE " TABLE "." KEY " > ?1 AND " NAME \
                  " IS NOT NULL ORDER BY " TABLE "." KEY " LIMIT 64",                      \
                  "UPDATE " TABLE " SET " NAME " = ?1 WHERE " KEY " = ?2 AND " NAME " = ?3"}

/// All of them, for whatever reads or rewrites every stored content. Two stand elsewhere: the
/// values of contexts (`contexts.value`) belong to no task, and the sealed context of a request
/// (`inputs.sealed`) is encrypted with a key of its own.
/// SqliteSchemaTest.EveryColumnOfBytesHoldsContentsOrIsKnownNotTo compares this with the schema.
inline constexpr std::array kContentColumns = {
    A2AKIT_COLUMN("messages", "body", kMessages, "key", "key >> 24"),
    A2AKIT_COLUMN("log", "chunks", kChunks, "key", "key >> 24"),
    A2AKIT_COLUMN("log", "status", kStatus, "key", "key >> 24"),
    A2AKIT_COLUMN("inputs", "input", kInput, "id", "id"),
    A2AKIT_COLUMN("more", "reply", kMessage, "id", "id"),
    A2AKIT_COLUMN("more", "metadata", kMetadata, "id", "id"),
    A2AKIT_COLUMN("more", "checkpoint", kCheckpoint, "id", "id"),
    A2AKIT_COLUMN("push", "config", kPushConfig, "rowid", "id"),
    // A dead letter is found by its task's id: the table has no index of numbers.
    ContentColumn{
        "dead_letters", "message", backends::ContentCheck::Kind::kMessage,
        "SELECT message, id FROM dead_letters",
        "SELECT tasks.id, tasks.task, message FROM tasks CROSS JOIN dead_letters ON "
        "dead_letters.task = tasks.task WHERE tasks.id > ?1 ORDER BY tasks.id LIMIT 64",
        "UPDATE dead_letters SET message = ?1 WHERE task = (SELECT task FROM tasks WHERE id = ?2) "
        "AND message = ?3"},
};
#undef A2AKIT_COLUMN

}  // namespace a2akit::sqlite
