#pragma once

#include "serve/child_process.hpp"
#include "serve/text_output.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace a2akit::serve {

struct ExecLimits {
    Duration time = std::chrono::hours(1);
    std::size_t output_bytes = 10U << 20U;  ///< Of stdout.
    /// Between SIGTERM and SIGKILL.
    Duration grace = std::chrono::seconds(5);
};

/// One run of a command for one turn of a task: hands out what it writes and keeps it within its
/// limits. Used by the handler of that task and what it awaits.
class ExecRun {
public:
    ExecRun(std::unique_ptr<ChildProcess> child, ExecLimits limits);

    enum class What : std::uint8_t {
        kOutput,   ///< `output` holds the next bytes of stdout.
        kPause,    ///< Nothing came for the span that was asked for.
        kEnded,    ///< It has ended by itself and `output` was all.
        kStop,     ///< The task was cancelled, or the handler has to return for another reason.
        kTimeUp,   ///< It ran for longer than allowed, and was killed.
        kTooMuch,  ///< It wrote more than allowed, and was killed.
    };
    struct Next {
        What what = What::kEnded;
        std::string output = {};
    };
    /// Waits for what happens next; with `pause`, for no longer than that.
    Async<Next> next(std::optional<Duration> pause = std::nullopt);
    /// Ends the command: SIGTERM, and SIGKILL to what is left after the grace. Its output is
    /// dropped.
    Async<void> stop();
    /// Lets the command end by itself within the grace, before it is stopped. Its output is
    /// dropped.
    Async<void> finish();

    [[nodiscard]] ChildProcess& child() noexcept { return *child_; }
    /// Why a run that ended as `what` is a failure, for the client; absent when it is not.
    [[nodiscard]] std::optional<std::string> failure(What what) const;

private:
    [[nodiscard]] bool ended() const noexcept;
    [[nodiscard]] bool read_errors();
    Async<void> drop_output(Duration at_most);

    std::unique_ptr<ChildProcess> child_;
    ExecLimits limits_;
    SteadyTime time_up_;
    std::size_t written_ = 0;
    Tail errors_;
};

}  // namespace a2akit::serve
