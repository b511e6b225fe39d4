#include "cli/wait.hpp"

#include "cli/failure.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace a2akit::cli {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(100);
constexpr int kMaxOutages = 3;

}  // namespace

Task poll_until_settled(Agent& agent, Task task, const Session& session,
                        std::optional<int> history_length) {
    const Duration longest = session.options().poll_interval;
    Duration pause =
        session.options().poll_interval_is_given ? longest : std::min(kFirstPause, longest);
    TaskState shown = TaskState::kUnspecified;
    int outages = 0;
    while (!is_settled(task)) {
        if (task.status.state != shown)
            session.console().progress(std::string(to_string(task.status.state)));
        shown = task.status.state;
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, longest);
        try {
            task = agent.get_task(task.id, history_length);
            outages = 0;
        } catch (const Failure& failure) {
            if (!failure.is(LocalError::kUnreachable) || ++outages > kMaxOutages) throw;
            session.console().debug("asks again: " + failure.message());
        }
    }
    return task;
}

}  // namespace a2akit::cli
