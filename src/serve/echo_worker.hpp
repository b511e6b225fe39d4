#pragma once

#include <a2akit/worker/task_context.hpp>
#include <a2akit/worker/worker.hpp>

#include <string>

namespace a2akit::serve {

/// Answers with the text that it was sent.
class EchoWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        return ctx.complete(std::string(ctx.user_text()));
    }
};

}  // namespace a2akit::serve
