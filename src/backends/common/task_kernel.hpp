#pragma once

#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/storage.hpp>

#include <optional>
#include <variant>

// The rules of a task, without I/O: facts in, new facts and effects out. The engines load a task's
// head, ask these functions, and store what they say. The PostgreSQL functions say the same in SQL;
// a2akit/testing/task_case_table.hpp holds all of them to one table. See docs/adr/0011.

namespace a2akit::backends::kernel {

/// The numbers of a task that stay for as long as it is stored.
struct TaskCore {
    Timestamp status_time{};
    Revision revision = 0;
    Sequence last = 0;  ///< Of its events.
    Epoch epoch = 0;
    Turn turn = 0;
    TaskState state = TaskState::kUnspecified;
    bool revealed = true;
    bool turn_ended = false;

    [[nodiscard]] bool has_ended() const noexcept { return is_terminal(state); }
};

/// A run that has not been released or taken over. Its epoch is its task's.
struct RunHead {
    Turn turn = 0;
    WriteId claim;
    Timestamp lease_until{};
    Timestamp look{};  ///< The lease deadline; later once a sweep has seen it pass.
    friend bool operator==(const RunHead&, const RunHead&) = default;
};

/// The numbers that a task needs only until it has ended.
struct TaskWork {
    int attempts = 0;  ///< Claims of the newest turn that count.
    int looks = 0;     ///< How often sweeps have looked at it.
    Timestamp turn_look{};
    std::optional<Timestamp> cancel_by;
    Timestamp cancel_look{};
    std::optional<RunHead> run;
    friend bool operator==(const TaskWork&, const TaskWork&) = default;
};

struct TaskHead : TaskCore, TaskWork {
    [[nodiscard]] bool live_run(Timestamp now) const noexcept {
        return run && run->lease_until > now;
    }
    /// Whether the newest turn may be claimed now.
    [[nodiscard]] bool turn_due(Timestamp now) const noexcept {
        return turn != 0 && !turn_ended && !has_ended() && !live_run(now);
    }
};

/// What a write means besides the new head. `appended` names the events that it adds: its chunks,
/// then its status. Whatever these events make due belongs into the same transaction.
struct Effects {
    Appended appended;
    /// The state of the status event, if there is one; it may be implied by a cancel or a reply.
    std::optional<TaskState> status;
    bool run_lost = false;     ///< A run has ended, and its node has to be told.
    bool dead_letter = false;  ///< The turn becomes a dead letter.
    /// The direct reply is erased then, unless a time was set before.
    std::optional<Timestamp> keep_reply_until;
};

/// Why the update must not be applied; nullopt when it may.
[[nodiscard]] std::optional<Error> refuse(const TaskHead& head, const TaskId& task,
                                          const TaskUpdate& update, Timestamp now);

/// Applies an update that is not refused. `creates`: to the head of a task that is made by it.
Effects apply(TaskHead& head, const TaskId& task, const TaskUpdate& update, bool creates,
              Timestamp now);

/// Claims a turn. `appended.repeated` in the effects: this very claim has the run already, the head
/// is unchanged, and the answer is the first one's.
[[nodiscard]] std::variant<Effects, Refusal> claim(TaskHead& head, const TaskId& task,
                                                   const WriteId& id, Turn turn, Lease lease,
                                                   Timestamp now);

/// Gives back the run of this epoch, if there is one. Returns the turn that is due then.
std::optional<Turn> release(TaskHead& head, Epoch epoch, Release how, Timestamp not_before,
                            Timestamp now);

/// When a sweep has to look at a task that has not ended; Timestamp::max(): never.
[[nodiscard]] Timestamp next_look(const TaskCore& core, const TaskWork& work) noexcept;
[[nodiscard]] inline Timestamp next_look(const TaskHead& head) noexcept {
    return next_look(head, head);
}

/// What a sweep has to do about a task whose look has come; moves the look.
[[nodiscard]] std::optional<Due> look(TaskHead& head, const TaskId& task, Timestamp now);

/// 1 s after a turn was made, then 2, 4… up to 30 s after the look before.
[[nodiscard]] Duration until_next_look(int looks) noexcept;

/// Which ended tasks an EraseQuery takes, when it is asked from the oldest on.
class Erasing {
public:
    /// `ended`: how many tasks the query's limit counts; direct replies are not among them.
    Erasing(const EraseQuery& query, std::int64_t ended) noexcept
        : before_(query.ended_before.value_or(Timestamp::min())),
          excess_(query.keep_at_most ? ended - *query.keep_at_most : 0) {}
    [[nodiscard]] bool takes(Timestamp ended_at, bool revealed) const noexcept {
        return ended_at < before_ || (revealed && excess_ > 0);
    }
    void took(bool revealed) noexcept { excess_ -= revealed ? 1 : 0; }

private:
    Timestamp before_;
    std::int64_t excess_;
};

}  // namespace a2akit::backends::kernel
