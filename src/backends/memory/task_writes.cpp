#include "backends/memory/task_writes.hpp"

#include "backends/common/content_size.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::backends {
namespace {

Answer to_answer(const WriteId& id, const Appended& appended) {
    return {id,
            appended.turn,
            static_cast<std::uint32_t>(appended.revision),
            static_cast<std::uint32_t>(appended.first),
            static_cast<std::uint32_t>(appended.last),
            appended.before,
            appended.after,
            appended.turn_ended,
            appended.turn_due};
}

Appended to_appended(const TaskRecord& task, const Answer& answer) {
    return {task.id,       answer.turn,  answer.revision,   answer.first,    answer.last,
            answer.before, answer.after, answer.turn_ended, answer.turn_due, true};
}

bool is_chunk(const StoredEvent& event) {
    return std::holds_alternative<Shared<Artifact>>(event.payload);
}

void add_chunk(TaskRecord& task, ArtifactChunk&& chunk) {
    StoredEvent& event = task.events.emplace_back();
    event.payload = std::move(chunk.artifact);
    event.metadata = std::move(chunk.metadata);
    event.append = chunk.append;
    event.last_chunk = chunk.last_chunk;
}

void add_status(TaskRecord& task, TaskStatus status, RawJson metadata, Timestamp time) {
    StoredEvent& event = task.events.emplace_back();
    if (status.message) event.payload = std::move(*status.message);
    event.time = time;
    event.metadata = std::move(metadata);
    event.state = status.state;
    task.last_status = static_cast<std::uint32_t>(task.events.size());
}

// Its input counts no more.
void drop_input(TaskShard& shard, TaskRecord& task) {
    shard.count(task, -std::exchange(task.active->input_bytes, 0));
    task.active->input.reset();
}

void keep_input(TaskShard& shard, TaskRecord& task, TurnInput&& input, std::int64_t bytes) {
    drop_input(shard, task);
    task.active->input = std::move(input);
    task.active->input_bytes = bytes;
}

void remember(TaskRecord& task, const Answer& answer, bool made) {
    if (made) task.made = answer;
    if (task.has_ended()) {
        task.ended = answer;
        return;
    }
    if (made) return;
    ActivePart& active = *task.active;
    active.answers[active.next_answer] = answer;
    active.next_answer = (active.next_answer + 1) % active.answers.size();
}

// The new value is counted with its update.
void replace(TaskShard& shard, TaskRecord& task, RawJson& former, RawJson& value) {
    shard.count(task, -static_cast<std::int64_t>(content_size(former)));
    former = std::move(value);
}

// What the update carries for the rare part.
void add_rare(TaskShard& shard, TaskRecord& task, TaskUpdate& update,
              const kernel::Effects& effects) {
    if (update.reply) task.rarely().reply = std::move(update.reply);
    if (update.checkpoint) replace(shard, task, task.rarely().checkpoint, *update.checkpoint);
    if (update.metadata) replace(shard, task, task.rarely().metadata, *update.metadata);
    if (!effects.keep_reply_until) return;
    auto& keep_until = task.rarely().keep_reply_until;
    if (!keep_until) keep_until = effects.keep_reply_until;
}

}  // namespace

std::optional<Appended> repeated_write(const TaskRecord& task, const WriteId& id) {
    if (id.is_nil()) return std::nullopt;
    if (task.made.id == id) return to_appended(task, task.made);
    if (!task.active) {
        if (task.ended.id == id) return to_appended(task, task.ended);
        return std::nullopt;
    }
    for (const Answer& answer : task.active->answers) {
        if (answer.id == id) return to_appended(task, answer);
    }
    return std::nullopt;
}

Appended apply(TaskShard& shard, TaskRecord& task, kernel::TaskHead head, TaskUpdate&& update,
               UpdateSize size, Timestamp now, bool creates) {
    const kernel::Effects effects = kernel::apply(head, task.id, update, creates, now);
    const bool makes_turn = update.turn.has_value();
    shard.count(task, size.all);
    add_rare(shard, task, update, effects);
    if (update.turn) keep_input(shard, task, std::move(*update.turn), size.input);
    if (head.turn_ended) drop_input(shard, task);
    for (auto& message : update.history) task.history.push_back(std::move(message));
    for (auto& chunk : update.artifacts) add_chunk(task, std::move(chunk));
    if (effects.status) {
        TaskStatus status = update.status ? std::move(*update.status) : TaskStatus{};
        status.state = *effects.status;
        add_status(task, std::move(status), std::move(update.status_metadata), head.status_time);
    }
    if (effects.run_lost) shard.note_lost_run(task, now);
    shard.store(task, head);
    remember(task, to_answer(update.id, effects.appended), creates || makes_turn);
    return effects.appended;
}

std::optional<Refusal> claim(TaskShard& shard, TaskRecord& task, const ClaimQuery& query,
                             Timestamp now, Run& run) {
    kernel::TaskHead head = task.head();
    const auto claimed = kernel::claim(head, task.id, query.id, query.turn, query.lease, now);
    if (const auto* refused = std::get_if<Refusal>(&claimed)) return *refused;
    const auto& effects = std::get<kernel::Effects>(claimed);
    ActivePart& active = *task.active;
    run.epoch = head.epoch;
    run.attempt = head.attempts;
    run.input = *active.input;
    if (effects.appended.repeated) {
        run.appended = to_appended(task, active.claimed);
        return std::nullopt;
    }
    if (effects.status) {
        add_status(task, TaskStatus{*effects.status, {}, {}}, {}, head.status_time);
        shard.count(task, sizeof(StoredEvent));
    }
    if (effects.run_lost) shard.note_lost_run(task, now);
    run.appended = effects.appended;
    active.node = query.node;
    active.claimed = to_answer(query.id, effects.appended);
    shard.store(task, head);
    return std::nullopt;
}

std::optional<Turn> release(TaskShard& shard, TaskRecord& task, Epoch epoch, Release how,
                            Timestamp not_before, Timestamp now) {
    kernel::TaskHead head = task.head();
    const std::optional<Turn> due = kernel::release(head, epoch, how, not_before, now);
    shard.store(task, head);
    return due;
}

void SnapshotTaker::take(const TaskRecord& task, Timestamp now) {
    TaskSnapshot& to = snapshot_;
    to.id = task.id;
    to.owner.owner = task.owner->name.owner;
    to.owner.tenant = task.owner->name.tenant;
    to.context_id = task.context_id();
    to.status.state = task.state;
    if (task.last_status != 0) {
        const auto& payload = task.events[task.last_status - 1].payload;
        if (const auto* message = std::get_if<Shared<Message>>(&payload))
            to.status.message = *message;
    }
    if (task.state != TaskState::kUnspecified) to.status.timestamp = task.status_time;
    const auto keep =
        history_length_
            ? std::min(task.history.size(), static_cast<std::size_t>(std::max(*history_length_, 0)))
            : task.history.size();
    to.history.assign(task.history.end() - static_cast<std::ptrdiff_t>(keep), task.history.end());
    if (task.rare) {
        to.metadata = task.rare->metadata;
        to.checkpoint = task.rare->checkpoint;
        to.reply = task.rare->reply;
        if (!to.status.message && task.last_status == 0)
            to.status.message = task.rare->status_message;
        if (include_artifacts_) to.artifacts = task.rare->artifacts;
    }
    to.revealed = task.revealed;
    to.revision = task.revision;
    to.last_sequence = task.last;
    to.turn = task.turn;
    to.turn_ended = task.turn_ended;
    to.epoch = task.epoch;
    to.live_run = task.live_run(now);
    if (task.active) to.cancel_by = task.active->cancel_by;
    if (include_artifacts_) take_artifacts(task);
}

void SnapshotTaker::take_artifacts(const TaskRecord& task) {
    const auto pieces = std::count_if(task.events.begin(), task.events.end(), is_chunk);
    if (pieces > 1) pieces_.reserve(static_cast<std::size_t>(pieces));
    for (const StoredEvent& event : task.events) {
        const auto* artifact = std::get_if<Shared<Artifact>>(&event.payload);
        if (artifact == nullptr) continue;
        if (pieces == 1)
            snapshot_.artifacts.push_back(*artifact);
        else
            pieces_.push_back({*artifact, event.append});
    }
}

void SnapshotTaker::merge() {
    if (!pieces_.empty()) snapshot_.artifacts = merge_artifacts(std::move(pieces_));
}

TaskEvent to_event(const StoredEvent& stored, Sequence sequence) {
    if (const auto* artifact = std::get_if<Shared<Artifact>>(&stored.payload)) {
        return {sequence,
                ArtifactChunk{*artifact, stored.append, stored.last_chunk, stored.metadata}};
    }
    TaskStatus status{stored.state, {}, stored.time};
    if (const auto* message = std::get_if<Shared<Message>>(&stored.payload))
        status.message = *message;
    return {sequence, StatusChange{std::move(status), stored.metadata}};
}

void compact_log(TaskShard& shard, TaskRecord& task) {
    std::vector<ArtifactPiece> pieces;
    for (const StoredEvent& event : task.events) {
        if (const auto* artifact = std::get_if<Shared<Artifact>>(&event.payload)) {
            pieces.push_back({*artifact, event.append});
        }
    }
    if (!pieces.empty()) task.rarely().artifacts = merge_artifacts(std::move(pieces));
    if (task.last_status != 0) {
        const auto& payload = task.events[task.last_status - 1].payload;
        if (const auto* message = std::get_if<Shared<Message>>(&payload))
            task.rarely().status_message = *message;
    }
    task.compacted = static_cast<std::uint32_t>(task.last);
    task.last_status = 0;
    task.events = std::vector<StoredEvent>();
    shard.count(task, size_of(task) - task.bytes);
}

}  // namespace a2akit::backends
