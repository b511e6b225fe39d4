#pragma once

#include <a2akit/core/error.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/storage/snapshot.hpp>

#include <cstddef>
#include <mutex>
#include <string_view>
#include <unordered_set>

namespace a2akit::backends {

/// Logs the id of each task that cannot be read, once per process, even if the task is read often.
/// Safe from any thread.
class UnreadableTasks {
public:
    /// The error for the caller of a port: kInternal, without `why`, which goes into the log.
    Error note(const TaskId& task, std::string_view why);

private:
    static constexpr std::size_t kMostNamed = 1000;  ///< Further ones are not logged.
    std::mutex mutex_;
    std::unordered_set<TaskId> named_;
};

/// Leaves what the ports tell of a task whose contents cannot be read.
void drop_contents(TaskSnapshot& snapshot);

}  // namespace a2akit::backends
