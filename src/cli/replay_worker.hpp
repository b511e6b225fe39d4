#pragma once

#include "cli/recording.hpp"

#include <a2akit/worker/worker.hpp>

#include <vector>

namespace a2akit::cli {

/// Answers each message with a recorded stream, under the ids of the new task. An event that no
/// agent may send, such as a piece after the last one, fails the task; so does the end of a
/// recording that was cut.
class ReplayWorker final : public Worker {
public:
    /// `speed`: 2 halves each pause; 0 leaves them out.
    ReplayWorker(std::vector<RecordedEvent> events, double speed);

    Async<void> handle(TaskContext& ctx) override;
    [[nodiscard]] bool may_reply_directly() const noexcept override;

private:
    std::vector<RecordedEvent> events_;
    double speed_;
};

/// The pause between two moments of a recording at this speed.
[[nodiscard]] Duration pause_at(double speed, Duration span);

}  // namespace a2akit::cli
