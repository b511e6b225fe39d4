#include "backends/common/unreadable_tasks.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

namespace a2akit::backends {

Error UnreadableTasks::note(const TaskId& task, std::string_view why) {
    const std::string id = task.to_string();
    bool is_new = false;
    {
        const std::lock_guard lock(mutex_);
        is_new = named_.size() < kMostNamed && named_.insert(task).second;
    }
    if (is_new) log::error("a stored task cannot be read task={} error={}", id, quoted(why));
    return Error::about_task(ErrorCode::kInternal,
                             "what is stored of this task cannot be read; the log says why", id);
}

void drop_contents(TaskSnapshot& snapshot) {
    snapshot.status.message.reset();
    snapshot.metadata = {};
    snapshot.checkpoint = {};
    snapshot.reply.reset();
    snapshot.artifacts.clear();
    snapshot.history.clear();
}

}  // namespace a2akit::backends
