#pragma once

#include "backends/sqlite/session.hpp"

#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::sqlite {

/// The answer of a write, kept so that its repetition returns the same.
struct Answer {
    WriteId id;
    Appended appended;
};
[[nodiscard]] std::string pack(const std::vector<Answer>& answers);
/// `task` is not stored with them.
[[nodiscard]] std::vector<Answer> unpack(std::string_view bytes, const TaskId& task);

/// A run that has not been released or taken over. Its epoch is its task's.
struct RunRow {
    std::int64_t node = 0;
    Turn turn = 0;
    WriteId claim;
    Timestamp until{};  ///< Of its own lease; its node's renewals may have extended it.
    Timestamp look{};
    std::optional<Answer> answer;
};

/// The part of a task that exists until it has ended: its newest turn, the run of it, a pending
/// cancel.
struct ActiveRow {
    Timestamp turn_look{};
    int looks = 0;
    int attempts = 0;
    /// Where the turn's message is: 0 the turn has ended; else twice its number in the history (0:
    /// it is not part of it), plus 1 when `inputs` has a row of it as well.
    std::int64_t input = 0;
    std::optional<RunRow> run;
    std::optional<Timestamp> cancel_by;
    Timestamp cancel_look{};
    std::vector<Answer> answers;  ///< The newest writes.
};

/// A row of `tasks`, with its row of `active`.
struct TaskRow {
    std::int64_t id = 0;
    TaskId task;
    std::int64_t owner = 0;
    std::string context;
    bool revealed = true;
    TaskState state = TaskState::kUnspecified;
    Timestamp status_time{};
    Sequence status_at =
        0;  ///< Place in the log of the newest status that holds more than a state; 0: none does.
    Turn turn = 0;
    bool turn_ended = false;
    Revision revision = 0;
    Epoch epoch = 0;
    Sequence last_event = 0;
    Sequence compacted = 0;  ///< Events up to this one are gone.
    std::uint64_t messages = 0;
    bool has_more = false;        ///< It has a row of `more`.
    std::optional<Answer> made;   ///< Of the write that made the task, later its newest turn.
    std::optional<Answer> ended;  ///< Of the write that ended it.
    std::optional<ActiveRow> active;

    [[nodiscard]] bool has_ended() const noexcept { return is_terminal(state); }
    [[nodiscard]] RunRow* run() noexcept { return active && active->run ? &*active->run : nullptr; }
    [[nodiscard]] const RunRow* run() const noexcept {
        return active && active->run ? &*active->run : nullptr;
    }
};

/// A context id as it is stored: the ids that clients are given are UUIDs, and take 16 bytes.
class StoredContext {
public:
    explicit StoredContext(std::string_view context_id);
    void bind(Query& query) const;
    [[nodiscard]] static std::string read(Query& query);

private:
    std::optional<Uuid> uuid_;
    std::string_view text_;
};

[[nodiscard]] std::optional<TaskRow> find_task(Connection& db, const TaskId& task);
[[nodiscard]] std::optional<TaskRow> find_task(Connection& db, std::int64_t id);
void insert(Connection& db, const TaskRow& row);
/// Writes what changed between two states of a row.
void update(Connection& db, const TaskRow& before, const TaskRow& after);
/// When a sweep looks at the task next; none: never.
[[nodiscard]] std::optional<Timestamp> next_look(const TaskRow& row);

[[nodiscard]] inline std::int64_t to_number(Timestamp time) noexcept {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline Timestamp to_time(std::int64_t number) noexcept {
    return Timestamp(Duration(number));
}

}  // namespace a2akit::sqlite
