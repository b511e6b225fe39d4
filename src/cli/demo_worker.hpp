#pragma once

#include <a2akit/worker/worker.hpp>

namespace a2akit::cli {

/// Says back what it is told: one artifact, streamed word by word.
class DemoWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override;
};

}  // namespace a2akit::cli
