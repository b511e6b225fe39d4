#pragma once

#include "backends/common/merge_artifacts.hpp"

#include <a2akit/storage/storage.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace a2akit::sqlite {

/// The newest tasks that ended, as they were committed: whoever waited for the end of one reads
/// the task at once, and spares the file and a reader's thread. An ended task changes no more, so
/// it is right for as long as it is stored. Bounded in tasks and bytes. Safe from any thread.
class EndedTasks {
public:
    /// Null: not kept, or not of this scope.
    [[nodiscard]] std::shared_ptr<const TaskSnapshot> find(const TaskId& task,
                                                           const OwnerScope& scope) const;
    void keep(std::shared_ptr<const TaskSnapshot> task, std::size_t bytes);
    void forget(const TaskId& task);

private:
    struct Kept {
        std::shared_ptr<const TaskSnapshot> task;
        std::size_t bytes = 0;
    };
    void drop(const TaskId& task);

    mutable std::mutex mutex_;
    std::unordered_map<TaskId, Kept> tasks_;
    std::deque<TaskId> oldest_first_;
    std::size_t bytes_ = 0;
};

/// What the writes to an unfinished task have stored so far, messages and artifacts, where it is
/// little. A rollback has to clear it. Used on the writer's thread only.
class UnfinishedContents {
public:
    struct Contents {
        std::vector<Shared<Message>> history;
        std::vector<backends::ArtifactPiece> pieces;
        std::optional<Shared<Message>> status_message;  ///< Of the last write.
        std::size_t bytes = 0;
    };

    void add(const TaskId& task, const TaskUpdate& update, bool creates);
    /// Of a task that ends; none: not all of it is known.
    [[nodiscard]] std::optional<Contents> take(const TaskId& task);
    void clear() noexcept;

private:
    void drop(const TaskId& task);

    std::unordered_map<TaskId, Contents> tasks_;
    std::size_t bytes_ = 0;
};

}  // namespace a2akit::sqlite
