#include "backends/postgres/snapshot_reader.hpp"

#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/common/unreadable_tasks.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace a2akit::postgres {
namespace {

using backends::ArtifactPiece;

Result<void> read_artifacts(const std::vector<std::string_view>& stored, TaskSnapshot& snapshot) {
    std::vector<ArtifactPiece> pieces;
    for (const std::string_view bytes : stored) {
        auto chunks = backends::read_stored_chunks(bytes);
        if (!chunks) return fail(std::move(chunks.error()));
        for (auto& chunk : *chunks) pieces.push_back({std::move(chunk.artifact), chunk.append});
    }
    if (!pieces.empty()) snapshot.artifacts = backends::merge_artifacts(std::move(pieces));
    return {};
}

Result<void> read_history(const std::vector<std::string_view>& stored,
                          std::optional<std::int32_t> length, TaskSnapshot& snapshot) {
    for (const std::string_view bytes : stored) {
        auto messages = backends::read_stored_messages(bytes);
        if (!messages) return fail(std::move(messages.error()));
        std::move(messages->begin(), messages->end(), std::back_inserter(snapshot.history));
    }
    auto& history = snapshot.history;
    const auto kept = length ? static_cast<std::size_t>(std::max(*length, 0)) : history.size();
    if (history.size() > kept) {
        history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kept));
    }
    return {};
}

/// The columns of a snapshot that have to be decoded.
struct Contents {
    std::string_view status;
    std::string_view metadata;
    std::string_view checkpoint;
    std::optional<std::string_view> reply;
    std::vector<std::string_view> chunks;
    std::vector<std::string_view> history;
};

Result<void> read_contents(const Contents& contents, std::optional<std::int32_t> history_length,
                           TaskSnapshot& snapshot) {
    auto status = backends::read_stored_status(contents.status);
    if (!status) return fail(std::move(status.error()));
    snapshot.status.message = std::move(status->message);
    auto metadata = backends::read_stored_json(contents.metadata);
    if (!metadata) return fail(std::move(metadata.error()));
    snapshot.metadata = std::move(*metadata);
    snapshot.checkpoint = RawJson(std::string(contents.checkpoint));
    if (contents.reply) {
        auto reply = backends::read_stored_message(*contents.reply);
        if (!reply) return fail(std::move(reply.error()));
        snapshot.reply = std::move(*reply);
    }
    if (auto read = read_artifacts(contents.chunks, snapshot); !read) return read;
    return read_history(contents.history, history_length, snapshot);
}

// The input, and the sealed context that stands beside it.
Result<TurnInput> read_input(PgRow& row) {
    auto input = backends::read_stored_input(row.bytes());
    if (!input) return input;
    if (row.is_null())
        row.skip();
    else
        input->sealed_context = SealedContext{std::string(row.bytes())};
    return input;
}

}  // namespace

Result<TaskSnapshot> read_snapshot(PgRow& row, std::optional<std::int32_t> history_length,
                                   TaskSnapshot* head) {
    TaskSnapshot snapshot;
    Contents contents;
    snapshot.id = TaskId{row.uuid()};
    snapshot.owner.owner = row.bytes();
    snapshot.owner.tenant = row.bytes();
    snapshot.context_id = row.bytes();
    snapshot.status.state = static_cast<TaskState>(row.i32());
    const Timestamp time = to_time(row.i64());
    if (snapshot.status.state != TaskState::kUnspecified) snapshot.status.timestamp = time;
    contents.status = row.bytes();
    contents.metadata = row.bytes();
    contents.checkpoint = row.bytes();
    if (!row.is_null())
        contents.reply = row.bytes();
    else
        row.skip();
    snapshot.revealed = row.boolean();
    snapshot.revision = static_cast<Revision>(row.i64());
    snapshot.last_sequence = static_cast<Sequence>(row.i64());
    snapshot.turn = static_cast<Turn>(row.i32());
    snapshot.turn_ended = row.boolean();
    snapshot.epoch = static_cast<Epoch>(row.i64());
    snapshot.live_run = row.boolean();
    if (const auto cancel_by = row.optional_i64()) snapshot.cancel_by = to_time(*cancel_by);
    contents.chunks = row.bytes_array();
    contents.history = row.bytes_array();
    auto read = read_contents(contents, history_length, snapshot);
    if (read) return snapshot;
    if (head != nullptr) {
        backends::drop_contents(snapshot);
        *head = std::move(snapshot);
    }
    return fail(std::move(read.error()));
}

Error not_found(const TaskId& task) {
    return Error::about_task(ErrorCode::kTaskNotFound, "there is no such task", task.to_string());
}

std::int64_t to_bigint(std::size_t bytes) noexcept {
    constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
    return bytes > static_cast<std::size_t>(kMost) ? kMost : static_cast<std::int64_t>(bytes);
}

Appended read_appended(PgRow& row, TaskId task) {
    Appended appended;
    appended.task = task;
    appended.turn = static_cast<Turn>(row.i32());
    appended.revision = static_cast<Revision>(row.i64());
    appended.first = static_cast<Sequence>(row.i64());
    appended.last = static_cast<Sequence>(row.i64());
    appended.before = static_cast<TaskState>(row.i32());
    appended.after = static_cast<TaskState>(row.i32());
    appended.turn_ended = row.boolean();
    appended.turn_due = row.boolean();
    appended.repeated = row.boolean();
    return appended;
}

Result<Run> read_received_run(PgRow& row, Turn turn, Epoch epoch) {
    Run run;
    run.epoch = epoch;
    run.attempt = row.i32();
    auto input = read_input(row);
    if (!input) return fail(std::move(input.error()));
    run.input = std::move(*input);
    Appended& appended = run.appended;
    appended.turn = turn;
    appended.revision = static_cast<Revision>(row.i64());
    appended.first = static_cast<Sequence>(row.i64());
    appended.last = static_cast<Sequence>(row.i64());
    appended.before = static_cast<TaskState>(row.i32());
    appended.after = TaskState::kWorking;
    auto snapshot = read_snapshot(row);
    if (!snapshot) return fail(std::move(snapshot.error()));
    appended.task = snapshot->id;
    run.snapshot = std::move(*snapshot);
    return run;
}

Result<Run> read_claimed_run(PgRow& row, TaskId task) {
    Run run;
    run.epoch = static_cast<Epoch>(row.i64());
    run.attempt = row.i32();
    auto input = read_input(row);
    if (!input) return fail(std::move(input.error()));
    run.input = std::move(*input);
    run.appended = read_appended(row, task);
    auto snapshot = read_snapshot(row);
    if (!snapshot) return fail(std::move(snapshot.error()));
    run.snapshot = std::move(*snapshot);
    return run;
}

}  // namespace a2akit::postgres
