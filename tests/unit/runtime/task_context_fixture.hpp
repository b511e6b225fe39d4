#pragma once

#include "unit/runtime/worker_fixture.hpp"

#include <string>
#include <utility>
#include <variant>

namespace a2akit {

/// Runs one handler on one task and leaves what became of it.
class TaskContextTest : public WorkerFixture {
protected:
    TaskId run(FunctionWorker::Body body, bool revealed = true) {
        return run(std::move(body), turn_of(user_message("hello")), revealed);
    }
    TaskId run(FunctionWorker::Body body, TaskUpdate first, bool revealed = true) {
        const TaskId task = create(std::move(first), revealed);
        enqueue(serve(std::move(body)), task);
        loop.run_ready();
        return task;
    }
    /// The states and artifact ids of the task's events, in order.
    std::string log(TaskId task) {
        std::string text;
        for (const auto& event : events(task)) {
            if (const auto* chunk = std::get_if<ArtifactChunk>(&event.change)) {
                text += chunk->artifact->artifact_id + (chunk->append ? "+" : "") +
                        (chunk->last_chunk ? ". " : " ");
            } else {
                text += std::string(to_string(std::get<StatusChange>(event.change).status.state))
                            .substr(11) +
                        ' ';
            }
        }
        return text;
    }
};

}  // namespace a2akit
