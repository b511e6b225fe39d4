#include "backends/common/task_kernel.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace a2akit::backends::kernel {
namespace {

constexpr Duration kFirstLook = std::chrono::seconds(1);
constexpr Duration kLongestLook = std::chrono::seconds(30);
constexpr Duration kCancelLookAgain = std::chrono::seconds(1);
constexpr Duration kReplyLifetime = std::chrono::hours(24);

bool has_turn(const TaskCore& core) { return core.turn != 0 && !core.turn_ended; }

// The run works on the newest turn, and not on one that has paused before its handler returned.
bool runs_turn(const TaskHead& head) {
    return head.run && head.run->turn == head.turn && !head.turn_ended;
}

void make_turn(TaskHead& head, Timestamp now) {
    ++head.turn;
    head.turn_ended = false;
    head.attempts = 0;
    head.looks = 0;
    head.turn_look = now + kFirstLook;
}

void raise_epoch(TaskHead& head, Effects& effects, Timestamp now) {
    ++head.epoch;
    effects.run_lost = std::exchange(head.run, {}).has_value();
    if (!head.turn_ended) head.turn_look = now + kFirstLook;
}

// The state of the status that the update leads to.
std::optional<TaskState> status_of(const TaskHead& head, const TaskUpdate& update, Timestamp now) {
    if (update.status) return update.status->state;
    if (update.reply) return TaskState::kCompleted;
    const bool running = runs_turn(head) && head.live_run(now);
    if (update.cancel_by && !running) return TaskState::kCanceled;
    return std::nullopt;
}

void note_cancel(TaskHead& head, Timestamp cancel_by, Timestamp now) {
    if (!runs_turn(head) || !head.live_run(now)) return;
    head.cancel_by = std::min(head.cancel_by.value_or(cancel_by), cancel_by);
    head.cancel_look = *head.cancel_by;
}

void set_status(TaskHead& head, TaskState state, Timestamp now) {
    ++head.last;
    head.state = state;
    head.status_time = std::max(now, head.status_time);
}

// The effect of a status on the turn and on its run.
void settle(TaskHead& head, bool by_its_run, Effects& effects) {
    if (!is_terminal(head.state) && !is_interrupted(head.state)) return;
    head.turn_ended = true;
    if (!is_terminal(head.state)) return;
    if (head.run && !by_its_run) effects.run_lost = true;
    static_cast<TaskWork&>(head) = {};
}

void finish(Effects& effects, const TaskHead& before, const TaskHead& after, const TaskId& task,
            Timestamp now) {
    Appended& appended = effects.appended;
    appended.task = task;
    appended.turn = after.turn;
    appended.revision = after.revision;
    appended.first = before.last + 1;
    appended.last = after.last;
    appended.before = before.state;
    appended.after = after.state;
    appended.turn_ended = after.turn_ended;
    appended.turn_due = after.turn_due(now);
}

std::optional<Refusal> refuse_claim(const TaskHead& head, Turn turn, Timestamp now) {
    if (head.has_ended()) return Refusal::kEnded;
    if (turn != head.turn || !has_turn(head)) return Refusal::kStale;
    if (!head.live_run(now)) return std::nullopt;
    return head.run->turn == turn ? Refusal::kDuplicate : Refusal::kBusy;
}

std::optional<Due> look_at_run(TaskHead& head, Timestamp now) {
    if (head.run->lease_until > now) {
        head.run->look = head.run->lease_until;  // renewed meanwhile
        return std::nullopt;
    }
    if (runs_turn(head)) {
        head.run->look = now + until_next_look(head.looks++);
        return Due{Due::Kind::kExpiredRun, {}, 0, 0, 0};
    }
    // The turn has ended but its handler never returned: the next turn need not wait any longer.
    head.run.reset();
    head.turn_look = now;
    return std::nullopt;
}

std::optional<Due> look_at_turn(TaskHead& head, Timestamp now) {
    if (!has_turn(head)) return std::nullopt;
    head.turn_look = now + until_next_look(++head.looks);
    return Due{Due::Kind::kTurn, {}, 0, 0, 0};
}

}  // namespace

std::optional<Error> refuse(const TaskHead& head, const TaskId& task, const TaskUpdate& update,
                            Timestamp now) {
    const auto about = [&task](ErrorCode code, std::string message) {
        return Error::about_task(code, std::move(message), task.to_string());
    };
    if (head.has_ended()) {
        return about(ErrorCode::kTaskTerminal,
                     "the task has ended: " + std::string(to_string(head.state)));
    }
    const Guard& guard = update.guard;
    if (guard.revision && *guard.revision != head.revision) {
        return about(ErrorCode::kRevisionConflict,
                     "the task has changed since revision " + std::to_string(*guard.revision));
    }
    // A forced end goes by the number alone: the run that it ends may be gone already.
    if (guard.epoch && (*guard.epoch != head.epoch || !(update.raise_epoch || runs_turn(head)))) {
        return about(ErrorCode::kLeaseLost,
                     "the run of epoch " + std::to_string(*guard.epoch) + " is over");
    }
    if (guard.no_live_run && head.live_run(now))
        return about(ErrorCode::kLiveRun, "the task is being run");
    if (update.turn && has_turn(head)) {
        return about(ErrorCode::kUnsupportedOperation, "the task takes no message in state " +
                                                           std::string(to_string(head.state)) +
                                                           "; it does once it is paused");
    }
    if (update.reply && head.revealed) {
        return about(ErrorCode::kRevealed,
                     "the task is visible already; it can't be answered by a Message alone");
    }
    return std::nullopt;
}

Effects apply(TaskHead& head, const TaskId& task, const TaskUpdate& update, bool creates,
              Timestamp now) {
    const TaskHead before = head;
    const bool by_its_run = update.guard.epoch && !update.raise_epoch;
    Effects effects;
    ++head.revision;
    if (update.reveal) head.revealed = true;
    if (update.turn) make_turn(head, now);
    if (update.raise_epoch) raise_epoch(head, effects, now);
    effects.status = status_of(head, update, now);
    if (update.cancel_by) note_cancel(head, *update.cancel_by, now);
    head.last += update.artifacts.size();
    if (effects.status) {
        set_status(head, *effects.status, now);
        settle(head, by_its_run, effects);
    }
    if (!head.revealed && creates && update.once)
        effects.keep_reply_until = now + update.once->lifetime;
    else if (!head.revealed && head.has_ended())
        effects.keep_reply_until = now + kReplyLifetime;
    effects.dead_letter = update.dead_letter && head.has_ended();
    finish(effects, before, head, task, now);
    return effects;
}

std::variant<Effects, Refusal> claim(TaskHead& head, const TaskId& task, const WriteId& id,
                                     Turn turn, Lease lease, Timestamp now) {
    Effects effects;
    if (runs_turn(head) && head.run->claim == id && head.run->turn == turn) {
        effects.appended.repeated = true;
        return effects;
    }
    if (const auto refused = refuse_claim(head, turn, now)) return *refused;
    const TaskHead before = head;
    // An expired run: of this turn, then its node has to know; or of a turn that has ended.
    effects.run_lost = head.run && head.run->turn == turn;
    ++head.epoch;
    ++head.revision;
    ++head.attempts;
    head.looks = 0;
    if (head.state != TaskState::kWorking) {
        effects.status = TaskState::kWorking;
        set_status(head, TaskState::kWorking, now);
    }
    head.run = RunHead{turn, id, now + lease, now + lease};
    finish(effects, before, head, task, now);
    return effects;
}

std::optional<Turn> release(TaskHead& head, Epoch epoch, Release how, Timestamp not_before,
                            Timestamp now) {
    if (head.has_ended() || head.epoch != epoch) return std::nullopt;
    const std::optional<Turn> due = has_turn(head) ? std::optional(head.turn) : std::nullopt;
    if (!head.run) return due;  // a repetition, its first answer lost
    if (runs_turn(head)) {
        if (how == Release::kHandBack) --head.attempts;
        head.looks = 0;
    }
    const bool later = head.run->turn == head.turn && how == Release::kRetry;
    head.turn_look = (later ? std::max(now, not_before) : now) + kFirstLook;
    // No run will see the cancel any more: the next sweep ends the task.
    if (head.cancel_by && !head.turn_ended) head.cancel_look = now;
    head.run.reset();
    return due;
}

Timestamp next_look(const TaskCore& core, const TaskWork& work) noexcept {
    Timestamp look = Timestamp::max();
    if (work.run)
        look = work.run->look;
    else if (has_turn(core))
        look = work.turn_look;
    return work.cancel_by ? std::min(look, work.cancel_look) : look;
}

std::optional<Due> look(TaskHead& head, const TaskId& task, Timestamp now) {
    std::optional<Due> found;
    if (head.cancel_by && head.cancel_look <= now) {
        head.cancel_look = now + kCancelLookAgain;
        found = Due{Due::Kind::kCancel, {}, 0, 0, 0};
    } else {
        if (head.run && head.run->look <= now) found = look_at_run(head, now);
        if (!head.run && !found && head.turn_look <= now) found = look_at_turn(head, now);
    }
    if (found) {
        found->task = task;
        found->turn = head.turn;
        found->epoch = head.epoch;
        found->attempts = head.attempts;
    }
    return found;
}

Duration until_next_look(int looks) noexcept {
    return looks >= 5 ? kLongestLook : std::min(kLongestLook, kFirstLook * (1 << looks));
}

}  // namespace a2akit::backends::kernel
