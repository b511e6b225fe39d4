#pragma once

#include "backends/common/task_kernel.hpp"
#include "backends/sqlite/connection.hpp"

#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace a2akit::sqlite {

namespace kernel = backends::kernel;

/// The answer of a write, kept so that its repetition returns the same.
struct Answer {
    WriteId id;
    Appended appended;
};
[[nodiscard]] std::string pack(const std::vector<Answer>& answers);
/// `task` is not stored with them.
[[nodiscard]] std::vector<Answer> unpack(std::string_view bytes, const TaskId& task);

/// A row of `tasks`, and until the task has ended, its row of `active`.
struct TaskRow : kernel::TaskHead {
    std::int64_t id = 0;
    TaskId task;
    std::int64_t owner = 0;
    std::string context;
    /// Place in the log of the newest status that holds more than a state; 0: none does.
    Sequence status_at = 0;
    Sequence compacted = 0;  ///< Events up to this one are gone.
    std::uint64_t messages = 0;
    bool has_more = false;        ///< It has a row of `more`.
    std::optional<Answer> made;   ///< Of the write that made the task, later its newest turn.
    std::optional<Answer> ended;  ///< Of the write that ended it.

    bool has_active = false;
    /// Where the turn's message is: 0 the turn has ended; else twice its number in the history (0:
    /// it is not part of it), plus 1 when `inputs` has a row of it as well.
    std::int64_t input = 0;
    std::int64_t node = 0;          ///< Of the run, if there is one.
    std::optional<Answer> claimed;  ///< Of the run's claim.
    std::vector<Answer> answers;    ///< The newest writes.
};

/// The rows of unfinished tasks as the writer last saved them, so that the next write to a task
/// does not read its row. A rollback has to clear it.
class RowCache {
public:
    /// Null: not kept. The lease of its run may have been renewed since.
    [[nodiscard]] const TaskRow* find(const TaskId& task) const;
    /// Forgets the task if it has ended.
    void keep(const TaskRow& row);
    void forget(const TaskId& task) { rows_.erase(task); }
    void clear() noexcept { rows_.clear(); }

private:
    static constexpr std::size_t kMostRows = 4096;
    std::unordered_map<TaskId, TaskRow> rows_;
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
[[nodiscard]] inline std::int64_t to_number(Timestamp time) noexcept {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline Timestamp to_time(std::int64_t number) noexcept {
    return Timestamp(Duration(number));
}

}  // namespace a2akit::sqlite
