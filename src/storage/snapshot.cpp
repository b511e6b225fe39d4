#include <a2akit/storage/snapshot.hpp>

#include "storage/take_task.hpp"

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

// Unset: everything. Zero: nothing. Otherwise this many of the newest (specification 1.0,
// section 3.2.4).
std::vector<Shared<Message>> newest(const std::vector<Shared<Message>>& history,
                                    std::optional<std::int32_t> length) {
    if (!length) return history;
    const auto keep = std::min(history.size(), static_cast<std::size_t>(std::max(*length, 0)));
    return {history.end() - static_cast<std::ptrdiff_t>(keep), history.end()};
}

void keep_newest(std::vector<Shared<Message>>& history, std::optional<std::int32_t> length) {
    if (!length) return;
    const auto keep = static_cast<std::size_t>(std::max(*length, 0));
    if (history.size() > keep)
        history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(keep));
}

}  // namespace

Task to_task(const TaskSnapshot& snapshot, std::optional<std::int32_t> history_length,
             bool include_artifacts) {
    Task task;
    task.id = snapshot.id.to_string();
    task.context_id = snapshot.context_id;
    task.status = snapshot.status;
    if (include_artifacts) task.artifacts = snapshot.artifacts;
    task.history = newest(snapshot.history, history_length);
    task.metadata = snapshot.metadata;
    return task;
}

void take_task(TaskSnapshot&& snapshot, std::optional<std::int32_t> history_length, Task& task) {
    task.id = snapshot.id.to_string();
    task.context_id = std::move(snapshot.context_id);
    task.status = std::move(snapshot.status);
    task.artifacts = std::move(snapshot.artifacts);
    task.history = std::move(snapshot.history);
    keep_newest(task.history, history_length);
    task.metadata = std::move(snapshot.metadata);
}

}  // namespace a2akit
