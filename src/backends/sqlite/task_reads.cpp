#include "backends/sqlite/task_reads.hpp"

#include "backends/common/content_size.hpp"
#include "backends/common/merge_artifacts.hpp"
#include "backends/common/stored_form.hpp"
#include "backends/sqlite/schema.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace a2akit::sqlite {
namespace {

template <class T>
T readable(Result<T> stored) {
    if (!stored) throw Failure::corrupt(stored.error().message);
    return std::move(*stored);
}

// Newest first, as many rows as it takes; then turned round.
std::vector<Shared<Message>> read_history(Connection& db, const TaskRow& row,
                                          std::optional<std::int32_t> length) {
    std::vector<Shared<Message>> newest;
    const auto wanted =
        length ? std::min(row.messages, static_cast<std::uint64_t>(std::max(*length, 0)))
               : row.messages;
    if (wanted == 0) return newest;
    Query query =
        db.query("SELECT body FROM messages WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC");
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
    Query query = db.query(
        "SELECT chunks FROM log WHERE key BETWEEN ?1 AND ?2 AND chunks IS NOT NULL ORDER BY key");
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
    if (!query.number(key_of(row.id, place)).step())
        throw Failure::corrupt("a status is not in its log");
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
    to.last_sequence = row.last;
    to.turn = row.turn;
    to.turn_ended = row.turn_ended;
    to.epoch = row.epoch;
    to.live_run = live_run;
    to.cancel_by = row.cancel_by;
    return to;
}

TaskSnapshot read_head(Connection& db, const TaskRow& row, Timestamp now) {
    return outline(row, read_owner(db, row.owner), row.live_run(now));
}

TaskSnapshot read_snapshot(Connection& db, const TaskRow& row, const SnapshotParts& parts,
                           Timestamp now) {
    TaskSnapshot snapshot = read_head(db, row, now);
    snapshot.status.message = read_status_message(db, row);
    snapshot.history = read_history(db, row, parts.history_length);
    if (parts.include_artifacts)
        snapshot.artifacts = backends::merge_artifacts(read_pieces(db, row));
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

TaskSnapshot read_shared_snapshot(Connection& db, const TaskRow& row, const SnapshotParts& parts,
                                  Timestamp now) {
    std::optional<LastRead>& last = db.last_read();
    if (!last || last->row != row.id || last->history_length != parts.history_length ||
        last->include_artifacts != parts.include_artifacts) {
        last.reset();  // so that two large tasks are not in memory for one caller
        TaskSnapshot snapshot = read_snapshot(db, row, parts, now);
        last.emplace(LastRead{row.id, parts.history_length, parts.include_artifacts, snapshot});
        return snapshot;
    }
    TaskSnapshot snapshot = last->snapshot;
    snapshot.live_run = row.live_run(now);
    return snapshot;
}

std::vector<TaskEvent> read_events(Connection& db, const TaskRow& row, Sequence after,
                                   EventLimit limit) {
    std::vector<TaskEvent> events;
    const auto wanted = static_cast<std::size_t>(std::max(limit.events, 0));
    if (after >= row.last || wanted == 0) return events;
    Query query = db.query(
        "SELECT key, state, time, chunks, status FROM log WHERE key BETWEEN ?1 AND ?2 ORDER BY "
        "key");
    query.number(key_of(row.id, after + 1))
        .number(key_of(row.id, static_cast<std::uint64_t>(kMaxPlace)));
    backends::ContentBudget budget(limit.bytes);
    bool fits = true;
    while (fits && events.size() < wanted && query.step()) {
        const std::uint64_t last = place_of(query.number());
        const auto state = query.maybe();
        const Timestamp time = to_time(query.number());
        std::vector<ArtifactChunk> chunks;
        if (const auto bytes = query.bytes(); !bytes.empty())
            chunks = readable(backends::read_stored_chunks(bytes));
        Sequence sequence = last - chunks.size() + (state ? 0 : 1);
        const auto add = [&](auto change) {
            TaskEvent event{sequence, std::move(change)};
            ++sequence;
            if (event.sequence <= after || events.size() >= wanted || !fits) return;
            fits = budget.take(backends::content_size(event));
            if (fits) events.push_back(std::move(event));
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

// How many stored bytes are joined into one row. A larger single write stays a separate row.
constexpr std::size_t kMergedBytes = 8 << 20;
constexpr const char* kRowsWithPieces =
    "SELECT key, chunks FROM log WHERE key > ?1 AND key <= ?2 AND chunks IS NOT NULL ORDER BY key";

/// Rewrites the log of an ended task: each run of rows becomes one row, at the next place from 0
/// on, without the pieces that a later one replaced. Holds one such run in memory at a time.
class LogMerger {
public:
    LogMerger(Connection& db, const TaskRow& row) : db_(db), row_(row) {}

    /// Returns how many stored bytes there were.
    std::size_t merge() {
        const auto message = read_status_message(db_, row_);
        if (message) status_ = backends::to_stored(backends::StoredStatus{message, {}});
        const std::size_t bytes = stored_bytes();
        if (bytes > kMergedBytes) find_beginnings();
        while (read_run()) {
            drop(last_);
            write();
        }
        drop(key_of(row_.id, static_cast<std::uint64_t>(kMaxPlace)));
        if (!status_.empty()) write();
        return bytes;
    }

private:
    std::size_t stored_bytes() {
        Query query = db_.query(
            "SELECT coalesce(sum(length(chunks)), 0) FROM log WHERE key BETWEEN ?1 AND ?2");
        query.number(key_of(row_.id, 0))
            .number(key_of(row_.id, static_cast<std::uint64_t>(kMaxPlace)));
        return query.step() ? static_cast<std::size_t>(query.number()) : 0;
    }

    // Where each artifact begins that is not replaced: the number of that piece in the whole log.
    void find_beginnings() {
        Query query = db_.query(kRowsWithPieces);
        query.number(last_).number(key_of(row_.id, static_cast<std::uint64_t>(kMaxPlace)));
        std::size_t number = 0;
        while (query.step()) {
            static_cast<void>(query.number());
            for (const auto& chunk : readable(backends::read_stored_chunks(query.bytes()))) {
                const auto [found, fresh] =
                    beginnings_.try_emplace(chunk.artifact->artifact_id, number);
                if (!fresh && !chunk.append) found->second = number;
                ++number;
            }
        }
    }

    // False: no further row has pieces.
    bool read_run() {
        pieces_.clear();
        Query query = db_.query(kRowsWithPieces);
        query.number(last_).number(key_of(row_.id, static_cast<std::uint64_t>(kMaxPlace)));
        std::size_t bytes = 0;
        while (query.step()) {
            const std::int64_t key = query.number();
            const std::string_view stored = query.bytes();
            if (bytes != 0 && bytes + stored.size() > kMergedBytes) break;
            bytes += stored.size();
            last_ = key;
            for (auto& chunk : readable(backends::read_stored_chunks(stored))) add(chunk);
        }
        return bytes != 0;
    }

    void add(ArtifactChunk& chunk) {
        const std::string& id = chunk.artifact->artifact_id;
        const bool first = seen_.insert(id).second;
        const std::size_t number = number_++;
        if (beginnings_.empty() || number >= beginnings_.at(id)) {
            pieces_.push_back({std::move(chunk.artifact), chunk.append && !first});
        } else if (first) {
            // Artifacts are listed in the order in which they first appeared: this keeps the place.
            Artifact place;
            place.artifact_id = id;
            pieces_.push_back({std::move(place), false});
        }
    }

    void drop(std::int64_t up_to) {
        db_.query("DELETE FROM log WHERE key BETWEEN ?1 AND ?2")
            .number(key_of(row_.id, place_))
            .number(up_to)
            .run();
    }

    // The places before the rows that are still to be read: each run has at least one row.
    void write() {
        std::unordered_set<std::string> begun;
        for (const auto& piece : pieces_) {
            if (!piece.append) begun.insert(piece.artifact->artifact_id);
        }
        std::vector<ArtifactChunk> merged;
        for (auto& artifact : backends::merge_artifacts(std::move(pieces_))) {
            ArtifactChunk& chunk = merged.emplace_back();
            chunk.append = !begun.contains(artifact->artifact_id);
            chunk.artifact = std::move(artifact);
        }
        const std::string chunks = merged.empty() ? std::string() : backends::to_stored(merged);
        const std::string status = std::exchange(status_, {});
        if (chunks.empty() && status.empty()) return;
        db_.query("INSERT INTO log VALUES(?1, NULL, NULL, ?2, ?3)")
            .number(key_of(row_.id, place_++))
            .maybe_blob(chunks)
            .maybe_blob(status)
            .run();
    }

    Connection& db_;
    const TaskRow& row_;
    std::string status_;
    std::unordered_map<std::string, std::size_t> beginnings_;  ///< Empty: it is one run.
    std::unordered_set<std::string> seen_;
    std::vector<backends::ArtifactPiece> pieces_;
    std::int64_t last_ = key_of(row_.id, 0) - 1;  ///< The last row that was read.
    std::uint64_t place_ = 0;
    std::size_t number_ = 0;
};

}  // namespace

std::size_t compact(Connection& db, const TaskRow& row) {
    const std::size_t bytes = LogMerger(db, row).merge();
    db.query("UPDATE tasks SET compacted = last_event WHERE id = ?1").number(row.id).run();
    return bytes;
}

}  // namespace a2akit::sqlite
