#include "backends/sqlite/sqlite_storage.hpp"
#include "support/faulty_vfs.hpp"
#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

using sqlite::SqliteStorage;
using sqlite::Synchronous;
using test_support::FaultyVfs;
using test_support::TemporaryDirectory;
using test_support::ThreadLoop;

const OwnerScope kOwner{"alice", "", false};

/// What somebody was told that it is stored.
struct Told {
    Sequence last = 0;
    TaskState state = TaskState::kUnspecified;
};
using Ledger = std::map<TaskId, Told>;

TaskUpdate first_update() {
    Message message;
    message.message_id = Uuid::generate().to_string();
    message.role = Role::kUser;
    message.parts.push_back(Part::from_text(std::string(300, 'm')));
    const Shared<Message> shared(std::move(message));
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kSubmitted, std::nullopt, std::nullopt};
    update.history.push_back(shared);
    update.turn.emplace().message = shared;
    return update;
}

TaskUpdate chunk_update(std::size_t bytes) {
    Artifact artifact;
    artifact.artifact_id = "out";
    artifact.parts.push_back(Part::from_text(std::string(bytes, 'c')));
    TaskUpdate update;
    update.id = WriteId::next();
    update.artifacts.push_back({std::move(artifact), true, false, {}});
    return update;
}

TaskUpdate end_update() {
    TaskUpdate update;
    update.id = WriteId::next();
    update.status = TaskStatus{TaskState::kCompleted, std::nullopt, std::nullopt};
    return update;
}

constexpr std::size_t kSomePages = 9000;
constexpr std::size_t kManyPages = 300'000;

/// A task from its creation to its end, as far as it gets. Writes down what it is told, and every
/// error.
Async<void> live(SqliteStorage& storage, Ledger& ledger, std::vector<Error>& errors,
                 std::size_t chunk) {
    const TaskId task = TaskId::generate();
    NewTask fresh{task, "context", true};
    TaskUpdate first = first_update();
    const auto created = co_await storage.create(std::move(fresh), kOwner, std::move(first));
    if (!created) {
        errors.push_back(created.error());
        co_return;
    }
    ledger[task] = {created->appended.last, TaskState::kSubmitted};
    std::vector<TaskUpdate> updates;
    updates.push_back(chunk_update(100));
    updates.push_back(chunk_update(chunk));
    updates.push_back(end_update());
    for (TaskUpdate& update : updates) {
        const auto appended = co_await storage.append(task, kOwner, std::move(update));
        if (!appended) {
            errors.push_back(appended.error());
            co_return;
        }
        ledger[task] = {appended->last, appended->after};
    }
}

Async<void> live_several(SqliteStorage& storage, Ledger& ledger, std::vector<Error>& errors,
                         int rounds, int at_once, std::size_t chunk = kSomePages) {
    for (int round = 0; round < rounds; ++round) {
        TaskGroup group;
        for (int i = 0; i < at_once; ++i) group.spawn(live(storage, ledger, errors, chunk));
        co_await group.join();
    }
}

Async<void> stop(SqliteStorage& storage) {
    const SteadyTime soon = Loop::current()->now() + std::chrono::seconds(5);
    (void)co_await storage.stop(soon);
}

Async<void> check(SqliteStorage& storage, bool& good) {
    const auto checked = co_await storage.check();
    good = checked.has_value();
}

/// What is wrong with the tasks in the file, as seen by whoever was told of them.
Async<void> judge(SqliteStorage& storage, const Ledger& ledger, std::vector<std::string>& wrong) {
    for (const auto& [task, told] : ledger) {
        const std::string name = task.to_string();
        const auto found = co_await storage.load(task, kOwner, std::nullopt, true);
        if (!found) {
            wrong.push_back("task " + name + " was answered, and now: " + found.error().message);
            continue;
        }
        if (found->last_sequence < told.last)
            wrong.push_back("task " + name + " lost events that were answered");
        if (is_terminal(told.state) && found->status.state != told.state) {
            wrong.push_back("task " + name + " had ended, and is now " +
                            std::string(to_string(found->status.state)));
        }
        const auto page = co_await storage.events(task, kOwner, 0, 100);
        Sequence expected = 0;
        for (const TaskEvent& event : page.value().events) {
            if (event.sequence != ++expected)
                wrong.push_back("task " + name + " has a gap in its log");
        }
        if (expected != found->last_sequence)
            wrong.push_back("task " + name + " misses the end of its log");
    }
}

class PowerLossTest : public ::testing::Test {
protected:
    std::shared_ptr<SqliteStorage> open(const std::string& directory, Synchronous synchronous) {
        sqlite::DatabaseOptions options;
        options.path = directory + "/a2akit.db";
        options.synchronous = synchronous;
        auto opened = SqliteStorage::open(std::move(options));
        if (!opened) why = opened.error().message;
        return opened ? std::move(*opened) : nullptr;
    }
    void run(std::function<Async<void>()> make) { loop.start(std::move(make)).join(); }

    /// Works until the power fails at that operation, and returns what is wrong with what the disk
    /// has kept.
    std::vector<std::string> lose_power(std::uint64_t seed, std::uint64_t at,
                                        Synchronous synchronous, std::size_t chunk = kSomePages) {
        const TemporaryDirectory temporary;
        const std::string directory = temporary.path();
        Ledger ledger;
        std::vector<Error> errors;
        {
            FaultyVfs disk(seed);
            std::filesystem::create_directories(directory + "/before");
            disk.cut_power(static_cast<std::int64_t>(at));
            if (auto storage = open(directory + "/before", synchronous)) {
                for (int i = 0; i < 60 && !disk.power_is_cut(); ++i) {
                    run([&] {
                        return live_several(*storage, ledger, errors, 1,
                                            1 + static_cast<int>(seed % 5), chunk);
                    });
                }
                run([&] { return stop(*storage); });
            }
            EXPECT_TRUE(disk.power_is_cut());
            cut_in = disk.cut_in();
            disk.restore_to(directory + "/after");
        }
        told += ledger.size();
        return look_at(directory + "/after", ledger);
    }

    /// Opens the file on a disk without faults. Empty: everything is as it was told, and the file
    /// goes on.
    std::vector<std::string> look_at(const std::string& directory, const Ledger& ledger) {
        std::vector<std::string> wrong;
        auto storage = open(directory, Synchronous::kFull);
        if (!storage) return {"the file does not open: " + why};
        run([&] { return judge(*storage, ledger, wrong); });
        Ledger more;
        std::vector<Error> errors;
        run([&] { return live_several(*storage, more, errors, 1, 2); });
        if (!errors.empty() || more.size() != 2) wrong.push_back("the file takes nothing new");
        run([&] { return stop(*storage); });
        storage.reset();
        const auto damage = sqlite::check_database(directory + "/a2akit.db");
        for (const std::string& line : damage.value().lines) wrong.push_back("integrity: " + line);
        return wrong;
    }

    bool checked(SqliteStorage& storage) {
        bool good = false;
        run([&] { return check(storage, good); });
        return good;
    }

    ThreadLoop loop;
    std::size_t told = 0;
    std::string cut_in;  ///< Which file.
    std::string why;     ///< The file did not open.
};

std::uint64_t moment(std::uint64_t seed) { return 1 + (seed * 7919) % 400; }

TEST_F(PowerLossTest, AnsweredWritesUnderFullSurviveAtEveryMoment) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        EXPECT_EQ(lose_power(seed, moment(seed), Synchronous::kFull), std::vector<std::string>{})
            << "seed " << seed;
    }
    EXPECT_GT(told, 100U);
}

TEST_F(PowerLossTest, TheMakingOfAFileMayBeCutAtEveryOperation) {
    for (std::uint64_t at = 1; told == 0; ++at) {
        ASSERT_LT(at, 1000U) << "no task was ever made";
        EXPECT_EQ(lose_power(at, at, Synchronous::kFull), std::vector<std::string>{})
            << "at " << at;
    }
}

TEST_F(PowerLossTest, SoItDoesWhileTheLogIsMovedIntoTheFile) {
    int in_the_file = 0;
    for (std::uint64_t seed = 1; seed <= 24; ++seed) {
        const std::uint64_t at = 1500 + (seed * 7919) % 5000;
        EXPECT_EQ(lose_power(seed, at, Synchronous::kFull, kManyPages), std::vector<std::string>{})
            << "seed " << seed;
        in_the_file += cut_in == "a2akit.db" ? 1 : 0;
    }
    EXPECT_GT(in_the_file, 2);
    EXPECT_GT(told, 100U);
}

TEST_F(PowerLossTest, UnderNormalTheNewestMayBeLostAndNothingIsDamaged) {
    std::size_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        for (const std::string& line : lose_power(seed, moment(seed), Synchronous::kNormal)) {
            const bool allowed = line.starts_with("task ") &&
                                 line.find(" gap ") == std::string::npos &&
                                 line.find("misses") == std::string::npos;
            EXPECT_TRUE(allowed) << "seed " << seed << ": " << line;
            ++lost;
        }
    }
    // Else this disk would forget nothing, and the test above would show nothing.
    EXPECT_GT(lost, 0U);
}

using FullDiskTest = PowerLossTest;

TEST_F(FullDiskTest, AStartOnAFullDiskSaysWhatHelps) {
    const TemporaryDirectory directory;
    FaultyVfs disk(1);
    disk.fail(FaultyVfs::Fault::kDiskFull, 1, 1000);
    EXPECT_FALSE(open(directory.path(), Synchronous::kFull));
    EXPECT_NE(why.find("the disk is full; free some space"), std::string::npos) << why;
    disk.fail(FaultyVfs::Fault::kDiskFull, 1, 0);
    EXPECT_TRUE(open(directory.path(), Synchronous::kFull)) << why;
}

TEST_F(FullDiskTest, ReadersAreServedAndTheCheckFailsUntilThereIsRoom) {
    const TemporaryDirectory directory;
    FaultyVfs disk(1);
    auto storage = open(directory.path(), Synchronous::kFull);
    ASSERT_TRUE(storage) << why;
    Ledger ledger;
    std::vector<Error> errors;
    run([&] { return live_several(*storage, ledger, errors, 1, 3); });
    EXPECT_TRUE(errors.empty());
    disk.fail(FaultyVfs::Fault::kDiskFull, 1, 1000);
    Ledger nothing;
    run([&] { return live_several(*storage, nothing, errors, 1, 3); });
    EXPECT_EQ(errors.size(), 3U);
    for (const Error& error : errors) {
        EXPECT_NE(error.message.find("the disk is full; free some space"), std::string::npos)
            << error.message;
    }
    std::vector<std::string> wrong;
    run([&] { return judge(*storage, ledger, wrong); });
    EXPECT_EQ(wrong, std::vector<std::string>{});
    EXPECT_FALSE(checked(*storage));
    disk.fail(FaultyVfs::Fault::kDiskFull, 1, 0);
    EXPECT_TRUE(checked(*storage)) << "it tries, for nobody else may be writing";
    run([&] { return live_several(*storage, ledger, errors, 1, 3); });
    EXPECT_EQ(errors.size(), 3U);
    run([&] { return stop(*storage); });
}

class BadDiskTest : public PowerLossTest, public ::testing::WithParamInterface<FaultyVfs::Fault> {
protected:
    /// What works on a disk with that fault at that operation; how many faults there were. Then the
    /// power fails, and everything that was answered has to be there.
    int suffer(std::int64_t at, int rounds, std::size_t chunk) {
        const TemporaryDirectory directory;
        Ledger ledger;
        std::vector<Error> errors;
        int faults = 0;
        {
            FaultyVfs disk(static_cast<std::uint64_t>(at));
            std::filesystem::create_directories(directory.file("before"));
            disk.fail(GetParam(), at, static_cast<int>(1 + at % 3));
            auto storage = open(directory.file("before"), Synchronous::kFull);
            EXPECT_TRUE(storage || disk.struck() > 0) << "at " << at << ": " << why;
            for (int tries = 0; !storage && tries < 5; ++tries) {
                storage = open(directory.file("before"), Synchronous::kFull);
            }
            EXPECT_TRUE(storage) << "at " << at << ": the disk is well again, but " << why;
            if (!storage) return 0;
            run([&] { return live_several(*storage, ledger, errors, rounds, 3, chunk); });
            faults = disk.struck();
            // Once the disk is well again everything works again.
            disk.fail(GetParam(), 1, 0);
            std::vector<Error> later;
            run([&] { return live_several(*storage, ledger, later, 1, 3); });
            EXPECT_TRUE(later.empty()) << "at " << at << ": " << later.front().message;
            disk.cut_power(1);
            run([&] { return live_several(*storage, ledger, later, 1, 1); });
            run([&] { return stop(*storage); });
            storage.reset();
            disk.restore_to(directory.file("after"));
        }
        for (const Error& error : errors)
            EXPECT_EQ(error.code, ErrorCode::kUnavailable) << error.message;
        EXPECT_EQ(look_at(directory.file("after"), ledger), std::vector<std::string>{})
            << "at " << at;
        return faults;
    }
};

TEST_P(BadDiskTest, AFaultAtEveryOperationIsToldAndHarmsNothingElse) {
    std::int64_t at = 1;
    while (suffer(at, 2, kSomePages) > 0) ++at;
    EXPECT_GT(at, 100) << "up to the last one there was a fault at each";
}

TEST_P(BadDiskTest, SoDoesOneWhileTheLogIsMovedIntoTheFile) {
    int struck = 0;
    for (std::int64_t seed = 1; seed <= 12; ++seed)
        struck += suffer(1500 + (seed * 7919) % 3000, 7, kManyPages);
    EXPECT_GT(struck, 6);
}

INSTANTIATE_TEST_SUITE_P(Faults, BadDiskTest,
                         ::testing::Values(FaultyVfs::Fault::kDiskFull,
                                           FaultyVfs::Fault::kWriteError,
                                           FaultyVfs::Fault::kSyncError));

}  // namespace
}  // namespace a2akit
