#pragma once

#include <a2akit/worker/worker.hpp>

#include <string_view>

namespace a2akit::cli {

/// The agent of `demo-server`. The first word of a message says what it does, so that each state
/// and each kind of part of the protocol can be met; any other text is said back word by word.
class PracticeWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override;
    [[nodiscard]] bool may_reply_directly() const noexcept override { return true; }

    /// One line per word, for people.
    static std::string_view manual();
};

}  // namespace a2akit::cli
