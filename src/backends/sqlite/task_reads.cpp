#include "backends/sqlite/task_reads.hpp"

#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/sqlite/schema.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::sqlite {
namespace {

template <class T>
T readable(Result<T> stored) {
    if (!stored) throw Failure::corrupt(stored.error().message);
    return std::move(*stored);
}

bool live_run(Connection& db, const TaskRow& row, Timestamp now) {
    const RunRow* run = row.run();
    if (run == nullptr) return false;
    if (run->until > now) return true;
    Query query = db.query("SELECT until FROM nodes WHERE id = ?1");
    return query.number(run->node).step() && to_time(query.number()) > now;
}

// Newest first, as many rows as it takes; then turned round.
std::vector<Shared<Message>> read_history(Connection& db, const TaskRow& row, std::optional<std::int32_t> length) {
    std::vector<Shared<Message>> newest;
    const auto wanted = length ? std::min(row.messages, static_cast<std::uint64_t>(std::max(*length, 0))) : row.messages;
    if (wanted == 0) return newest;
    Query query = db.query("SELECT body FROM messages WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC");
    query.number(key_of(row.id, 0)).number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)));
    while (newest.size() < wanted && query.step()) {
        auto messages = readable(backends::read_stored_messages(query.bytes()));
        std::move(messages.rbegin(), messages.rend(), std::back_inserter(newest));
    }
    newest.resize(std::min<std::size_t>(newest.size(), wanted));
    std::reverse(newest.begin(), newest.end());
    return newest;
}

std::vector<backends::ArtifactPiece> read_pieces(Connection& db, const TaskRow& row) {
    std::vector<backends::ArtifactPiece> pieces;
    Query query = db.query("SELECT chunks FROM log WHERE key BETWEEN ?1 AND ?2 AND chunks IS NOT NULL ORDER BY key");
    query.number(key_of(row.id, 0)).number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)));
    while (query.step()) {
        for (auto& chunk : readable(backends::read_stored_chunks(query.bytes()))) {
            pieces.push_back({std::move(chunk.artifact), chunk.append});
        }
    }
    return pieces;
}

std::optional<Shared<Message>> read_status_message(Connection& db, const TaskRow& row) {
    if (row.status_at == 0) return std::nullopt;
    Query query = db.query("SELECT status FROM log WHERE key = ?1");
    const std::uint64_t place = row.compacted >= row.status_at ? 0 : row.status_at;
    if (!query.number(key_of(row.id, place)).step()) throw Failure::corrupt("a status is not in its log");
    return readable(backends::read_stored_status(query.bytes())).message;
}

}  // namespace

Error not_found(const TaskId& task) {
    return Error::about_task(ErrorCode::kTaskNotFound, "there is no such task", task.to_string());
}

// Owners never change, so each connection remembers some.
const OwnerScope& read_owner(Connection& db, std::int64_t id) {
    constexpr std::size_t kRemembered = 10'000;
    auto& owners = db.owners();
    if (const auto known = owners.find(id); known != owners.end()) return known->second;
    if (owners.size() >= kRemembered) owners.clear();
    Query query = db.query("SELECT owner, tenant FROM owners WHERE id = ?1");
    if (!query.number(id).step()) throw Failure::corrupt("a task has no owner");
    const std::string owner(query.bytes());
    return owners[id] = OwnerScope{owner, std::string(query.bytes()), false};
}

bool sees(Connection& db, const OwnerScope& scope, const TaskRow& row) {
    if (scope.system) return true;
    if (!row.revealed) return false;
    return read_owner(db, row.owner) == scope;
}

TaskSnapshot outline(const TaskRow& row, const OwnerScope& owner, bool live_run) {
    TaskSnapshot to;
    to.id = row.task;
    to.owner = {owner.owner, owner.tenant, false};
    to.context_id = row.context;
    to.status.state = row.state;
    if (row.state != TaskState::kUnspecified) to.status.timestamp = row.status_time;
    to.revealed = row.revealed;
    to.revision = row.revision;
    to.last_sequence = row.last_event;
    to.turn = row.turn;
    to.turn_ended = row.turn_ended;
    to.epoch = row.epoch;
    to.live_run = live_run;
    if (row.active) to.cancel_by = row.active->cancel_by;
    return to;
}

TaskSnapshot read_head(Connection& db, const TaskRow& row, Timestamp now) {
    return outline(row, read_owner(db, row.owner), live_run(db, row, now));
}

TaskSnapshot read_snapshot(Connection& db, const TaskRow& row, const SnapshotParts& parts, Timestamp now) {
    TaskSnapshot snapshot = read_head(db, row, now);
    snapshot.status.message = read_status_message(db, row);
    snapshot.history = read_history(db, row, parts.history_length);
    if (parts.include_artifacts) snapshot.artifacts = backends::merge_artifacts(read_pieces(db, row));
    if (!row.has_more) return snapshot;
    Query query = db.query("SELECT checkpoint, metadata, reply FROM more WHERE id = ?1");
    if (!query.number(row.id).step()) return snapshot;
    snapshot.checkpoint = RawJson(std::string(query.bytes()));
    snapshot.metadata = readable(backends::read_stored_json(query.bytes()));
    if (const auto reply = query.bytes(); !reply.empty()) {
        snapshot.reply = readable(backends::read_stored_message(reply));
    }
    return snapshot;
}

std::vector<TaskEvent> read_events(Connection& db, const TaskRow& row, Sequence after, int limit) {
    std::vector<TaskEvent> events;
    const auto wanted = static_cast<std::size_t>(std::max(limit, 0));
    if (after >= row.last_event || wanted == 0) return events;
    Query query = db.query("SELECT key, state, time, chunks, status FROM log WHERE key BETWEEN ?1 AND ?2 ORDER BY key");
    query.number(key_of(row.id, after + 1)).number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)));
    while (events.size() < wanted && query.step()) {
        const std::uint64_t last = place_of(query.number());
        const auto state = query.maybe();
        const Timestamp time = to_time(query.number());
        std::vector<ArtifactChunk> chunks;
        if (const auto bytes = query.bytes(); !bytes.empty()) chunks = readable(backends::read_stored_chunks(bytes));
        Sequence sequence = last - chunks.size() + (state ? 0 : 1);
        const auto add = [&](auto change) {
            if (sequence > after && events.size() < wanted) events.push_back({sequence, std::move(change)});
            ++sequence;
        };
        for (auto& chunk : chunks) add(std::move(chunk));
        if (!state) continue;
        StatusChange change{TaskStatus{static_cast<TaskState>(*state), {}, time}, {}};
        if (const auto bytes = query.bytes(); !bytes.empty()) {
            auto stored = readable(backends::read_stored_status(bytes));
            change.status.message = std::move(stored.message);
            change.metadata = std::move(stored.metadata);
        }
        add(std::move(change));
    }
    return events;
}

namespace {

// A value of SQLite's holds 1 GB at most. A log above this stays in its pieces: merged, it might not be readable again.
constexpr std::int64_t kMaxMergedBytes = 64 << 20;

bool is_worth_merging(Connection& db, const TaskRow& row) {
    Query query = db.query("SELECT coalesce(sum(length(chunks)), 0) FROM log WHERE key BETWEEN ?1 AND ?2");
    query.number(key_of(row.id, 0)).number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)));
    return query.step() && query.number() <= kMaxMergedBytes;
}

void merge_log(Connection& db, const TaskRow& row) {
    auto artifacts = backends::merge_artifacts(read_pieces(db, row));
    const auto message = read_status_message(db, row);
    db.query("DELETE FROM log WHERE key BETWEEN ?1 AND ?2")
        .number(key_of(row.id, 0))
        .number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)))
        .run();
    if (!artifacts.empty() || message) {
        std::vector<ArtifactChunk> kept;
        for (auto& artifact : artifacts) {
            ArtifactChunk chunk;
            chunk.artifact = std::move(artifact);
            kept.push_back(std::move(chunk));
        }
        const std::string chunks = kept.empty() ? std::string() : backends::to_stored(kept);
        const std::string status = message ? backends::to_stored(backends::StoredStatus{message, {}}) : std::string();
        db.query("INSERT INTO log VALUES(?1, NULL, NULL, ?2, ?3)")
            .number(key_of(row.id, 0))
            .maybe_blob(chunks)
            .maybe_blob(status)
            .run();
    }
}

}  // namespace

void compact(Connection& db, const TaskRow& row) {
    if (is_worth_merging(db, row)) merge_log(db, row);
    db.query("UPDATE tasks SET compacted = last_event WHERE id = ?1").number(row.id).run();
}

}  // namespace a2akit::sqlite
