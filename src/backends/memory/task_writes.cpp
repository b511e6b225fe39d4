#include "backends/memory/task_writes.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::backends {
namespace {

constexpr Duration kFirstLook = std::chrono::seconds(1);
constexpr Duration kLongestLook = std::chrono::seconds(30);
constexpr Duration kReplyLifetime = std::chrono::hours(24);

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

std::unique_ptr<const RawJson> boxed(RawJson json) {
    return json.empty() ? nullptr : std::make_unique<const RawJson>(std::move(json));
}

void add_chunk(TaskRecord& task, ArtifactChunk chunk) {
    StoredEvent& event = task.events.emplace_back();
    event.payload = std::move(chunk.artifact);
    event.metadata = boxed(std::move(chunk.metadata));
    event.append = chunk.append;
    event.last_chunk = chunk.last_chunk;
}

void add_status(TaskShard& shard, TaskRecord& task, TaskStatus status, RawJson metadata,
                Timestamp now) {
    const Timestamp time = std::max(now, task.status_time);
    StoredEvent& event = task.events.emplace_back();
    if (status.message) event.payload = std::move(*status.message);
    event.time = time;
    event.metadata = boxed(std::move(metadata));
    event.state = status.state;
    task.last_status = static_cast<std::uint32_t>(task.events.size());
    shard.move_status(task, status.state, time);
}

// Its input counts no more.
void drop_input(TaskShard& shard, TaskRecord& task) {
    shard.count(task, -std::exchange(task.active->input_bytes, 0));
    task.active->input.reset();
}

void make_turn(TaskShard& shard, TaskRecord& task, TurnInput input, std::int64_t bytes,
               Timestamp now) {
    drop_input(shard, task);
    task.active->input_bytes = bytes;
    ++task.turn;
    task.turn_ended = false;
    task.active->input = std::move(input);
    task.active->attempts = 0;
    task.active->looks = 0;
    task.active->turn_look = now + kFirstLook;
}

void end_turn(TaskShard& shard, TaskRecord& task) {
    task.turn_ended = true;
    drop_input(shard, task);
}

// The turn that is being run now, not one that paused and whose handler has not returned yet.
bool is_running(const TaskRecord& task, Timestamp now) {
    return task.live_run(now) && task.run()->turn == task.turn && !task.turn_ended;
}

void note_cancel(TaskRecord& task, TaskUpdate& update, Timestamp now) {
    if (!is_running(task, now)) {
        if (!update.status) update.status = TaskStatus{TaskState::kCanceled, {}, {}};
        return;
    }
    auto& cancel_by = task.active->cancel_by;
    cancel_by = cancel_by ? std::min(*cancel_by, *update.cancel_by) : *update.cancel_by;
    task.active->cancel_look = *cancel_by;
}

void note_reply(TaskRecord& task, TaskUpdate& update) {
    task.rarely().reply = std::move(update.reply);
    if (!update.status) update.status = TaskStatus{TaskState::kCompleted, {}, {}};
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
    shard.count(task, -static_cast<std::int64_t>(former.text().size()));
    former = std::move(value);
}

// The effect of a status on the turn and on its run.
void settle(TaskShard& shard, TaskRecord& task, bool by_its_run, Timestamp now) {
    if (!is_terminal(task.state) && !is_interrupted(task.state)) return;
    end_turn(shard, task);
    if (!is_terminal(task.state)) return;
    shard.end_run(task, !by_its_run, now);
    if (task.revealed) return;
    auto& keep_until = task.rarely().keep_reply_until;
    if (!keep_until) keep_until = now + kReplyLifetime;
}

Appended outcome(const TaskRecord& task, Sequence before_last, TaskState before, Timestamp now) {
    Appended appended;
    appended.task = task.id;
    appended.turn = task.turn;
    appended.revision = task.revision;
    appended.first = before_last + 1;
    appended.last = task.last_sequence();
    appended.before = before;
    appended.after = task.state;
    appended.turn_ended = task.turn_ended;
    appended.turn_due = task.turn_due(now);
    return appended;
}

}  // namespace

Duration until_next_look(int looks) {
    return looks >= 5 ? kLongestLook : std::min(kLongestLook, kFirstLook * (1 << looks));
}

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

std::optional<Error> refusal(const TaskRecord& task, const TaskUpdate& update, Timestamp now) {
    const auto about = [&task](ErrorCode code, std::string message) {
        return Error::about_task(code, std::move(message), task.id.to_string());
    };
    if (task.has_ended()) {
        return about(ErrorCode::kTaskTerminal,
                     "the task has ended: " + std::string(to_string(task.state)));
    }
    const Guard& guard = update.guard;
    if (guard.revision && *guard.revision != task.revision) {
        return about(ErrorCode::kRevisionConflict,
                     "the task has changed since revision " + std::to_string(*guard.revision));
    }
    if (guard.epoch) {
        const LiveRun* run = task.run();
        // A forced end goes by the number alone: the run that it ends may be gone already.
        const bool holds =
            update.raise_epoch || (run != nullptr && run->turn == task.turn && !task.turn_ended);
        if (*guard.epoch != task.epoch || !holds) {
            return about(ErrorCode::kLeaseLost,
                         "the run of epoch " + std::to_string(*guard.epoch) + " is over");
        }
    }
    if (guard.no_live_run && task.live_run(now))
        return about(ErrorCode::kLiveRun, "the task is being run");
    if (update.turn && task.turn != 0 && !task.turn_ended) {
        return about(ErrorCode::kUnsupportedOperation, "the task takes no message in state " +
                                                           std::string(to_string(task.state)) +
                                                           "; it does once it is paused");
    }
    if (update.reply && task.revealed) {
        return about(ErrorCode::kRevealed,
                     "the task is visible already; it can't be answered by a Message alone");
    }
    return std::nullopt;
}

Appended apply(TaskShard& shard, TaskRecord& task, TaskUpdate update, UpdateSize size,
               Timestamp now, bool creates) {
    const TaskState before = task.state;
    const Sequence before_last = task.last_sequence();
    const bool makes_turn = update.turn.has_value();
    const bool by_its_run = update.guard.epoch && !update.raise_epoch;
    ++task.revision;
    shard.count(task, size.all);
    if (update.reveal) shard.reveal(task);
    if (update.turn) make_turn(shard, task, std::move(*update.turn), size.input, now);
    if (update.raise_epoch) {
        ++task.epoch;
        shard.end_run(task, true, now);
        if (!task.turn_ended) task.active->turn_look = now + kFirstLook;
    }
    if (update.reply) note_reply(task, update);
    if (update.cancel_by) note_cancel(task, update, now);
    if (update.checkpoint) replace(shard, task, task.rarely().checkpoint, *update.checkpoint);
    if (update.metadata) replace(shard, task, task.rarely().metadata, *update.metadata);
    for (auto& message : update.history) task.history.push_back(std::move(message));
    for (auto& chunk : update.artifacts) add_chunk(task, std::move(chunk));
    if (update.status) {
        add_status(shard, task, std::move(*update.status), std::move(update.status_metadata), now);
        settle(shard, task, by_its_run, now);
    }
    const Appended appended = outcome(task, before_last, before, now);
    remember(task, to_answer(update.id, appended), creates || makes_turn);
    if (task.has_ended()) shard.retire(task);
    shard.update_look(task);
    return appended;
}

namespace {

std::optional<Refusal> refuse_claim(const TaskRecord& task, Turn turn, Timestamp now) {
    if (task.has_ended()) return Refusal::kEnded;
    if (turn != task.turn || task.turn_ended) return Refusal::kStale;
    if (!task.live_run(now)) return std::nullopt;
    return task.run()->turn == turn ? Refusal::kDuplicate : Refusal::kBusy;
}

}  // namespace

std::variant<ClaimedRun, Refusal> claim(TaskShard& shard, TaskRecord& task, const WriteId& id,
                                        Turn turn, const NodeId& node, Lease lease, Timestamp now) {
    const LiveRun* held = task.run();
    if (held != nullptr && held->claim == id && held->turn == turn && !task.turn_ended) {
        return ClaimedRun{held->epoch, task.active->attempts, *task.active->input,
                          to_appended(task, held->answer)};
    }
    if (const auto refused = refuse_claim(task, turn, now)) return *refused;
    const TaskState before = task.state;
    const Sequence before_last = task.last_sequence();
    // An expired run: of this turn, then its node has to know; or of a turn that has ended.
    shard.end_run(task, held != nullptr && held->turn == turn, now);
    ++task.epoch;
    ++task.revision;
    ++task.active->attempts;
    task.active->looks = 0;
    if (task.state != TaskState::kWorking) {
        add_status(shard, task, TaskStatus{TaskState::kWorking, {}, {}}, {}, now);
        shard.count(task, sizeof(StoredEvent));
    }
    LiveRun run{task.epoch, turn, node, id, now + lease, now + lease, {}};
    shard.begin_run(task, run);
    const Appended appended = outcome(task, before_last, before, now);
    task.active->run->answer = to_answer(id, appended);
    shard.update_look(task);
    return ClaimedRun{task.epoch, task.active->attempts, *task.active->input, appended};
}

std::optional<Turn> release(TaskShard& shard, TaskRecord& task, Epoch epoch, Release how,
                            Timestamp not_before, Timestamp now) {
    if (task.has_ended() || task.epoch != epoch) return std::nullopt;
    const std::optional<Turn> due = task.turn_ended ? std::nullopt : std::optional(task.turn);
    const LiveRun* run = task.run();
    if (run == nullptr) return due;  // a repetition, its first answer lost
    ActivePart& active = *task.active;
    const bool of_this_turn = run->turn == task.turn;
    if (of_this_turn && !task.turn_ended) {
        if (how == Release::kHandBack) --active.attempts;
        active.looks = 0;
    }
    const bool later = of_this_turn && how == Release::kRetry;
    active.turn_look = (later ? std::max(now, not_before) : now) + kFirstLook;
    // No run will see the cancel any more: the next sweep ends the task.
    if (active.cancel_by && !task.turn_ended) active.cancel_look = now;
    shard.end_run(task, false, now);
    shard.update_look(task);
    return due;
}

void SnapshotTaker::take(const TaskRecord& task, Timestamp now) {
    TaskSnapshot& to = snapshot_;
    to.id = task.id;
    to.owner = {task.owner->name.owner, task.owner->name.tenant, false};
    to.context_id = task.context_id;
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
    to.last_sequence = task.last_sequence();
    to.turn = task.turn;
    to.turn_ended = task.turn_ended;
    to.epoch = task.epoch;
    to.live_run = task.live_run(now);
    if (task.active) to.cancel_by = task.active->cancel_by;
    if (!include_artifacts_) return;
    for (const StoredEvent& event : task.events) {
        if (const auto* artifact = std::get_if<Shared<Artifact>>(&event.payload)) {
            pieces_.push_back({*artifact, event.append});
        }
    }
}

TaskSnapshot&& SnapshotTaker::merged() && {
    if (!pieces_.empty()) snapshot_.artifacts = merge_artifacts(std::move(pieces_));
    return std::move(snapshot_);
}

TaskEvent to_event(const StoredEvent& stored, Sequence sequence) {
    RawJson metadata = stored.metadata ? *stored.metadata : RawJson();
    if (const auto* artifact = std::get_if<Shared<Artifact>>(&stored.payload)) {
        return {sequence,
                ArtifactChunk{*artifact, stored.append, stored.last_chunk, std::move(metadata)}};
    }
    TaskStatus status{stored.state, {}, stored.time};
    if (const auto* message = std::get_if<Shared<Message>>(&stored.payload))
        status.message = *message;
    return {sequence, StatusChange{std::move(status), std::move(metadata)}};
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
    task.compacted = task.last_sequence();
    task.last_status = 0;
    task.events = std::vector<StoredEvent>();
    shard.count(task, size_of(task) - task.bytes);
}

}  // namespace a2akit::backends
