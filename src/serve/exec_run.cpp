#include "serve/exec_run.hpp"

#include <a2akit/core/when.hpp>

#include <algorithm>
#include <utility>

namespace a2akit::serve {
namespace {

constexpr std::size_t kRead = 64U << 10U;
constexpr std::size_t kShownErrors = 4U << 10U;
// After SIGKILL only a process that hangs in the kernel is still there.
constexpr Duration kDeathWait(1000);

std::string seconds(Duration span) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span);
    if (whole == span) return std::to_string(whole.count()) + " s";
    return std::to_string(span.count()) + " ms";
}

}  // namespace

ExecRun::ExecRun(std::unique_ptr<ChildProcess> child, ExecLimits limits)
    : child_(std::move(child)),
      limits_(limits),
      time_up_(Loop::current()->now() + limits.time),
      errors_(kShownErrors) {}

// Reads even what is not kept, so that the command is never held up by it.
bool ExecRun::read_errors() {
    const std::string bytes = child_->read(ChildProcess::Stream::kError, kRead);
    errors_.add(bytes);
    return !bytes.empty();
}

Async<ExecRun::Next> ExecRun::next(std::optional<Duration> pause) {
    detail::StopScope* scope = co_await detail::current_scope();
    if (scope == nullptr) scope = &detail::never_stopped();
    Loop& loop = *Loop::current();
    const SteadyTime until = pause ? std::min(time_up_, loop.now() + *pause) : time_up_;
    for (;;) {
        if (scope->stop_requested()) co_return Next{What::kStop};
        if (loop.now() >= time_up_) {
            child_->kill();
            co_return Next{What::kTimeUp};
        }
        child_->event().reset();
        const bool has_errors = read_errors();
        std::string bytes = child_->read(ChildProcess::Stream::kOutput, kRead);
        written_ += bytes.size();
        if (written_ > limits_.output_bytes) {
            child_->kill();
            co_return Next{What::kTooMuch};
        }
        if (!bytes.empty()) co_return Next{What::kOutput, std::move(bytes)};
        if (has_errors) {
            co_await yield();
            continue;
        }
        if (ended()) co_return Next{What::kEnded};
        if (pause && loop.now() >= until) co_return Next{What::kPause};
        co_await scope->wait(child_->event(), until);
    }
}

bool ExecRun::ended() const noexcept {
    return child_->exit() && child_->ended(ChildProcess::Stream::kOutput) &&
           child_->ended(ChildProcess::Stream::kError);
}

Async<void> ExecRun::drop_output(Duration at_most) {
    Loop& loop = *Loop::current();
    const SteadyTime until = loop.now() + at_most;
    while (!ended() && loop.now() < until) {
        child_->event().reset();
        const bool has_errors = read_errors();
        const bool has_output = !child_->read(ChildProcess::Stream::kOutput, kRead).empty();
        if (has_errors || has_output)
            co_await yield();
        else if (!ended())
            co_await child_->event().wait_until(until);
    }
}

Async<void> ExecRun::stop() {
    child_->close_input();
    child_->terminate();
    co_await drop_output(limits_.grace);
    child_->kill();
    co_await drop_output(kDeathWait);
}

Async<void> ExecRun::finish() {
    child_->close_input();
    co_await drop_output(limits_.grace);
    if (!ended()) co_await stop();
}

std::optional<std::string> ExecRun::failure(What what) const {
    std::string reason;
    if (what == What::kTimeUp) {
        reason = "the command ran for longer than " + seconds(limits_.time);
    } else if (what == What::kTooMuch) {
        reason = "the command wrote more than " + std::to_string(limits_.output_bytes) + " bytes";
    } else if (what == What::kEnded && !child_->exit()->succeeded()) {
        reason = "the command ended with " + child_->exit()->text();
    } else {
        return std::nullopt;
    }
    if (const std::string errors = errors_.text(); !errors.empty()) reason += ": " + errors;
    return reason;
}

}  // namespace a2akit::serve
