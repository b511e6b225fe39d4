#include "backends/common/push_rules.hpp"

#include <algorithm>

namespace a2akit::backends {
namespace {

bool is_behind(const PushProgress& progress, const PushTaskFacts& task) {
    return progress.task_first || progress.cursor < task.last;
}

void rest_when_done(PushProgress& progress, const PushTaskFacts& task) {
    if (task.ended && !is_behind(progress, task)) progress.state = PushState::kDone;
}

}  // namespace

PushProgress new_progress(const NewPushConfig& config, const PushTaskFacts& task, Timestamp now) {
    PushProgress progress;
    progress.cursor = std::min(config.after.value_or(task.last), task.last);
    progress.task_first = config.task_first;
    progress.next_try = now;
    rest_when_done(progress, task);
    return progress;
}

PushProgress replaced_progress(PushProgress before, const NewPushConfig& config, Timestamp now) {
    before.task_first = config.task_first;
    before.attempts = 0;
    before.next_try = now;
    // A delivery to the former address may be under way: it has no lease any more.
    before.lease_until = {};
    ++before.lease;
    before.reason.clear();
    if (before.state != PushState::kDone || before.task_first) before.state = PushState::kActive;
    return before;
}

bool is_due(const PushProgress& progress, const PushTaskFacts& task, Timestamp now) {
    return progress.state == PushState::kActive && task.revealed && progress.next_try <= now &&
           progress.lease_until <= now && is_behind(progress, task);
}

bool needs_log(const PushProgress& progress, const PushTaskFacts& task) {
    return progress.state == PushState::kActive && is_behind(progress, task);
}

void take_lease(PushProgress& progress, Lease lease, Timestamp now) {
    ++progress.lease;
    progress.lease_until = now + lease;
}

bool settle(PushProgress& progress, std::uint64_t lease, const PushOutcome& outcome,
            const PushTaskFacts& task, Timestamp now) {
    if (progress.lease != lease || progress.lease_until == Timestamp{}) return false;
    if (outcome.next == PushOutcome::Next::kContinue || outcome.cursor > progress.cursor) {
        progress.cursor = std::clamp(outcome.cursor, progress.cursor, task.last);
        progress.attempts = 0;
        progress.task_first = false;
        progress.next_try = now;
    }
    if (outcome.next == PushOutcome::Next::kContinue) {
        progress.lease_until = now + outcome.lease;
        return true;
    }
    progress.lease_until = {};
    switch (outcome.next) {
        case PushOutcome::Next::kRetry:
            ++progress.attempts;
            progress.next_try = now + outcome.delay;
            break;
        case PushOutcome::Next::kGiveUp:
            ++progress.attempts;
            progress.state = PushState::kGivenUp;
            progress.reason = outcome.reason;
            progress.at = now;
            break;
        case PushOutcome::Next::kDisable:
            progress.state = PushState::kDisabled;
            break;
        default:
            rest_when_done(progress, task);
    }
    return true;
}

bool redrive(PushProgress& progress, Timestamp now) {
    if (progress.state != PushState::kGivenUp) return false;
    progress.state = PushState::kActive;
    progress.attempts = 0;
    progress.next_try = now;
    progress.reason.clear();
    return true;
}

Error too_many_configs(const NewPushConfig& config) {
    return Error::about_task(ErrorCode::kResourceExhausted,
                             "the task has " + std::to_string(config.at_most) +
                                 " push notification configurations, the most it may have; delete "
                                 "one of them first",
                             config.task.to_string());
}

Error lost_push_lease() {
    return {ErrorCode::kLeaseLost, "the lease of this delivery is over", nullptr};
}

Error no_dead_delivery() {
    return {ErrorCode::kTaskNotFound, "there is no dead letter of this push notification", nullptr};
}

}  // namespace a2akit::backends
