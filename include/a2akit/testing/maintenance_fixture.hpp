#pragma once

#include <a2akit/testing/storage_fixture.hpp>

#include <algorithm>

namespace a2akit::testing {

/// The behaviour of every Maintenance. Instantiated like StorageContract, with the same harness.
class MaintenanceContract : public StorageFixture {
protected:
    /// The seconds, counted from now, at which sweeps twice a second find something, in the next
    /// `span`.
    std::vector<double> looks_within(Duration span, Due::Kind kind) {
        std::vector<double> found;
        constexpr Duration kSweep(500);
        for (Duration at = kSweep; at <= span; at += kSweep) {
            advance(kSweep);
            for (const Due& one : due()) {
                EXPECT_EQ(one.kind, kind);
                found.push_back(static_cast<double>(at.count()) / 1000);
            }
        }
        return found;
    }
    TaskId make_dead_letter(std::string reason = "too many attempts") {
        const TaskId task = make_task();
        claim(task);
        advance(kLease);
        TaskUpdate update = with_status(TaskState::kFailed);
        update.raise_epoch = true;
        update.dead_letter = std::move(reason);
        append(task, std::move(update));
        return task;
    }
    static EraseQuery keep(std::int64_t count) {
        EraseQuery query;
        query.keep_at_most = count;
        return query;
    }
};

}  // namespace a2akit::testing
