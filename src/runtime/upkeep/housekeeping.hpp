#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace a2akit {

/// Which ended tasks are erased: both limits apply, whichever erases more.
struct RetentionRule {
    std::optional<TaskState> state;     ///< Absent: every terminal state.
    std::optional<Duration> age;        ///< Since the task ended.
    std::optional<std::int64_t> count;  ///< How many of the newest are kept.
};

struct HousekeepingOptions {
    std::optional<Duration> compact_after;        ///< Logs of tasks that ended earlier are dropped.
    std::optional<Duration> cancel_paused_after;  ///< Tasks that wait longer are canceled.
    std::vector<RetentionRule> retention;
};

/// Keeps the store from growing for ever: cancels tasks that wait too long, drops old logs, erases
/// old tasks. It works in small steps, so that no request waits for it. Failures are logged, and
/// tried again in the next round.
///
/// One per server; belongs to the loop that starts it.
class Housekeeping {
public:
    static constexpr Duration kEvery{30'000};

    /// REQUIRES: no port is null.
    Housekeeping(std::shared_ptr<Storage> storage, std::shared_ptr<Maintenance> maintenance,
                 std::shared_ptr<EventEmitter> emitter, HousekeepingOptions options);

    void start();
    /// Returns once nothing of it runs any more.
    Async<void> stop();

    /// One round, now.
    Async<void> tidy();

private:
    Async<void> tidy_regularly();
    Async<void> cancel_paused(Timestamp before);
    Async<void> compact(Timestamp before);
    Async<void> erase(EraseQuery query);

    std::shared_ptr<Storage> storage_;
    std::shared_ptr<Maintenance> maintenance_;
    std::shared_ptr<EventEmitter> emitter_;
    HousekeepingOptions options_;
    TaskGroup group_;
    Signal stop_;
};

}  // namespace a2akit
