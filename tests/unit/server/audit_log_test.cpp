#include "server/audit_log.hpp"

#include "server/audit_line.hpp"
#include "server/audit_middleware.hpp"
#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace a2akit {
namespace {

class AuditLogTest : public ::testing::Test {
protected:
    std::unique_ptr<AuditLog> open() {
        auto log = AuditLog::open(path, sync, clock, max_bytes);
        EXPECT_TRUE(log) << log.error().message;
        return log ? std::move(*log) : nullptr;
    }
    static AuditRecord call(const std::string& principal) {
        AuditRecord record;
        record.principal = principal;
        record.operation = "SendMessage";
        record.outcome = "OK";
        return record;
    }
    [[nodiscard]] std::string text() const {
        std::ifstream file(path);
        std::stringstream all;
        all << file.rdbuf();
        return all.str();
    }
    [[nodiscard]] std::vector<std::string> lines() const {
        std::stringstream all(text());
        std::vector<std::string> lines;
        for (std::string line; std::getline(all, line);) lines.push_back(line);
        return lines;
    }
    void write(const std::string& content) const { std::ofstream(path) << content; }
    [[nodiscard]] AuditCheck check() const {
        std::ifstream file(path);
        return check_audit_log({&file});
    }
    /// What checking says of this content.
    static std::string problem(const std::string& content) {
        std::stringstream file(content);
        const AuditCheck checked = check_audit_log({&file});
        if (!checked.wrong) return "";
        return std::to_string(checked.wrong->line) + " " + checked.wrong->problem;
    }
    test_support::TemporaryDirectory directory;
    const std::string path = directory.path() + "/audit";
    DiskSync::Options sync;
    std::uint64_t max_bytes = 0;
    std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
};

TEST_F(AuditLogTest, EachCallIsALineThatFollowsFromTheLineBeforeIt) {
    const auto log = open();
    AuditRecord record = call("alice \"the first\"\n");
    record.tenant = "acme";
    record.task = "task-1";
    EXPECT_TRUE(log->append(record));
    EXPECT_TRUE(log->append(call("bob")));
    const auto written = lines();
    ASSERT_EQ(written.size(), 3U);
    EXPECT_EQ(read_audit_line(written[0])->event, "opened");
    EXPECT_EQ(read_audit_line(written[0])->previous, first_audit_hash());
    EXPECT_EQ(read_audit_line(written[2])->previous, audit_hash(written[1]));
    EXPECT_NE(written[1].find(R"("principal":"alice \"the first\"\n","tenant":"acme")"),
              std::string::npos);
    EXPECT_NE(written[1].find(R"("task":"task-1")"), std::string::npos);
    EXPECT_EQ(written[2].find("tenant"), std::string::npos);
    const AuditCheck checked = check();
    EXPECT_FALSE(checked.wrong);
    EXPECT_EQ(checked.records, 3U);
    EXPECT_EQ(checked.last_hash, audit_hash(written[2]));
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AuditLogTest, ANewProcessGoesOnWithTheFile) {
    EXPECT_TRUE(open()->append(call("alice")));
    EXPECT_TRUE(open()->append(call("bob")));
    const AuditCheck checked = check();
    EXPECT_FALSE(checked.wrong);
    EXPECT_EQ(checked.records, 4U);
}

TEST_F(AuditLogTest, EveryChangeIsFound) {
    {
        const auto log = open();
        for (int i = 0; i < 5; ++i) EXPECT_TRUE(log->append(call("alice")));
    }
    const auto all = lines();
    const auto joined = [](std::vector<std::string> some) {
        std::string content;
        for (const std::string& line : some) content += line + "\n";
        return content;
    };
    EXPECT_EQ(problem(joined(all)), "");
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        auto changed = all;
        changed[i].replace(changed[i].find("20"), 2, "19");
        EXPECT_EQ(problem(joined(changed)),
                  std::to_string(i + 2) + " does not follow from the line before it");
        auto removed = all;
        removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(problem(joined(removed)),
                  std::to_string(i + 1) + " does not follow from the line before it");
        auto garbled = all;
        garbled[i] = garbled[i].substr(1);
        EXPECT_EQ(problem(joined(garbled)), std::to_string(i + 1) + " is not a record");
    }
    auto swapped = all;
    std::swap(swapped[2], swapped[3]);
    EXPECT_EQ(problem(joined(swapped)).substr(0, 2), "3 ");
    // Nothing follows the last line: what was cut off is known by the hash alone.
    auto shorter = all;
    shorter.pop_back();
    std::stringstream file(joined(shorter));
    EXPECT_NE(check_audit_log({&file}).last_hash, audit_hash(all.back()));
}

TEST_F(AuditLogTest, AProcessThatWasKilledAnywhereInALineIsFollowedByOneThatSaysSo) {
    {
        const auto log = open();
        EXPECT_TRUE(log->append(call("alice")));
    }
    const std::string whole = text();
    const std::size_t first = whole.find('\n') + 1;
    for (std::size_t size = 1; size <= whole.size(); ++size) {
        write(whole.substr(0, size));
        EXPECT_TRUE(open()->append(call("bob"))) << size;
        const AuditCheck checked = check();
        EXPECT_FALSE(checked.wrong) << size << " " << checked.wrong->problem;
        EXPECT_FALSE(checked.ends_torn) << size;
        const bool ended = size == first || size == first - 1 || size + 1 >= whole.size();
        EXPECT_EQ(checked.torn, ended ? 0U : 1U) << size;
    }
}

TEST_F(AuditLogTest, ALineThatIsStillBeingWrittenIsNotWrong) {
    EXPECT_TRUE(open()->append(call("alice")));
    write(text() + R"({"seq":3,"ti)");
    const AuditCheck checked = check();
    EXPECT_FALSE(checked.wrong);
    EXPECT_TRUE(checked.ends_torn);
    EXPECT_EQ(checked.records, 2U);
}

TEST_F(AuditLogTest, FilesThatCannotBeOneAreRefused) {
    write("# notes\nnothing else\n");
    const auto other = AuditLog::open(path, {}, clock);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("is not an audit log"), std::string::npos);
    EXPECT_EQ(text(), "# notes\nnothing else\n");
    EXPECT_FALSE(AuditLog::open(directory.path(), {}, clock));
    EXPECT_FALSE(AuditLog::open("/dev/full", {}, clock));
    EXPECT_FALSE(AuditLog::open(directory.path() + "/none/audit", {}, clock));
}

TEST_F(AuditLogTest, TwoProcessesDoNotShareAFile) {
    const auto log = open();
    const auto second = AuditLog::open(path, {}, clock);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("is in use"), std::string::npos);
}

// -- Several files

class RotationTest : public AuditLogTest {
protected:
    /// Moves the file away, as logrotate does.
    void move_away(const std::string& to) const {
        ASSERT_EQ(::rename(path.c_str(), (path + to).c_str()), 0);
    }
    static void reopen(AuditLog& log) {
        const auto renew = log.reopen();
        ASSERT_TRUE(renew) << renew.error().message;
        (*renew)();
    }
    [[nodiscard]] AuditCheck check_files(const std::vector<std::string>& suffixes) const {
        std::vector<std::ifstream> files;
        std::vector<std::istream*> all;
        files.reserve(suffixes.size());
        for (const std::string& suffix : suffixes)
            all.push_back(&files.emplace_back(path + suffix));
        return check_audit_log(all);
    }
};

TEST_F(RotationTest, TheChainGoesOnInTheNewFile) {
    {
        const auto log = open();
        for (const char* const name : {".1", ".2"}) {
            EXPECT_TRUE(log->append(call("alice")));
            move_away(name);
            reopen(*log);
        }
        EXPECT_TRUE(log->append(call("bob")));
    }
    EXPECT_TRUE(open()->append(call("carol")));
    const AuditCheck all = check_files({".1", ".2", ""});
    EXPECT_FALSE(all.wrong) << all.wrong->problem;
    EXPECT_EQ(all.records, 8U);
    EXPECT_TRUE(all.before.empty());
    const AuditCheck newest = check();
    EXPECT_FALSE(newest.wrong);
    EXPECT_EQ(newest.first, 5U);
    EXPECT_EQ(newest.before, check_files({".1", ".2"}).last_hash);
    EXPECT_EQ(read_audit_line(lines().front())->event, "continued");
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(RotationTest, AFileThatIsMissingOrOutOfOrderIsFound) {
    const auto log = open();
    for (const char* const name : {".1", ".2", ".3"}) {
        move_away(name);
        reopen(*log);
    }
    EXPECT_FALSE(check_files({".1", ".2", ".3", ""}).wrong);
    for (const std::vector<std::string>& some :
         {std::vector<std::string>{".1", ".3"}, {".2", ".1"}, {".1", ".1"}}) {
        const AuditCheck found = check_files(some);
        ASSERT_TRUE(found.wrong);
        EXPECT_EQ(found.wrong->file, 1U);
        EXPECT_EQ(found.wrong->line, 1U);
    }
}

/// Files that are full are moved away by the log itself.
class FullFileTest : public RotationTest {
protected:
    /// The files of the log, the oldest first.
    [[nodiscard]] std::vector<std::string> suffixes() const {
        std::vector<std::string> all;
        for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
            const std::string name = entry.path().string();
            if (name.starts_with(path) && !name.ends_with(".next"))
                all.push_back(name.substr(path.size()));
        }
        std::ranges::sort(all);
        std::ranges::rotate(all, all.begin() + 1);  // the one without a number is the newest
        return all;
    }
    void expect_whole(std::size_t files, std::uint64_t records) const {
        ASSERT_EQ(suffixes().size(), files);
        EXPECT_EQ(suffixes().back(), "");
        const AuditCheck all = check_files(suffixes());
        EXPECT_FALSE(all.wrong) << all.wrong->problem;
        EXPECT_EQ(all.records, records);
        EXPECT_TRUE(all.before.empty());
    }
};

TEST_F(FullFileTest, TheLogGoesOnInANewFileWhenOneIsFull) {
    max_bytes = 1500;
    {
        const auto log = open();
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(log->append(call("alice")));
    }
    const std::size_t files = suffixes().size();
    ASSERT_GT(files, 2U);
    for (const std::string& suffix : suffixes()) {
        const auto size = std::filesystem::file_size(path + suffix);
        EXPECT_LT(size, 2000U) << suffix;
        EXPECT_TRUE(size >= 1500 || suffix.empty()) << suffix;
    }
    expect_whole(files, 20 + files);  // each file begins with a line of its own
    EXPECT_EQ(read_audit_line(lines().front())->event, "continued");
    {
        const auto log = open();
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(log->append(call("bob")));
    }
    EXPECT_FALSE(check_files(suffixes()).wrong);
}

TEST_F(FullFileTest, WithoutRoomForAnotherFileTheLogGoesOnInTheOneThatItHas) {
    max_bytes = 500;
    const auto log = open();
    // Something stands where the new file is to be made.
    std::filesystem::create_directory(path + ".next");
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(log->append(call("alice")));
    EXPECT_FALSE(check().wrong);
    EXPECT_EQ(check().records, 11U);
    std::filesystem::remove(path + ".next");
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(log->append(call("alice")));
    EXPECT_GT(check().first, 11U) << "it has tried again";
    EXPECT_FALSE(check_files(suffixes()).wrong);
    EXPECT_FALSE(std::filesystem::exists(path + ".next"));
}

TEST_F(FullFileTest, AFileThatWasMovedAwayIsLeftToTheSignalThatFollows) {
    max_bytes = 500;
    const auto log = open();
    ASSERT_TRUE(log->append(call("alice")));
    move_away(".moved");
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(log->append(call("alice")));
    EXPECT_EQ(suffixes().size(), 1U);
    reopen(*log);
    EXPECT_TRUE(log->append(call("bob")));
    EXPECT_FALSE(check_files({".moved", ""}).wrong);
}

TEST_F(FullFileTest, AProcessThatWasKilledWhileItMovedTheFileLosesNothing) {
    {
        const auto log = open();
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(log->append(call("alice")));
    }
    // The new file is there, and the full one has both names.
    std::ofstream(path + ".next") << "{\"seq\":5";
    std::filesystem::create_hard_link(path, path + ".000000000004");
    max_bytes = 500;
    {
        const auto log = open();
        expect_whole(1, 5);
        EXPECT_TRUE(log->append(call("bob")));
    }
    expect_whole(2, 7);
    EXPECT_EQ(suffixes().front(), ".000000000005");
}

TEST_F(RotationTest, AFileWithItsNameIsKeptAndAStrangeOneIsRefused) {
    const auto log = open();
    reopen(*log);
    EXPECT_EQ(lines().size(), 1U);
    move_away(".1");
    write("# notes\n");
    const auto refused = log->reopen();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("not empty"), std::string::npos);
    EXPECT_TRUE(log->append(call("alice")));
    EXPECT_EQ(check_files({".1"}).records, 2U);
    write("");  // as logrotate's "create" leaves it
    reopen(*log);
    EXPECT_EQ(check_files({".1", ""}).records, 3U);
}

TEST_F(RotationTest, ANewFileThatIsNotUsedIsGivenBack) {
    const auto log = open();
    move_away(".1");
    {
        EXPECT_TRUE(log->reopen());
    }
    EXPECT_TRUE(log->append(call("alice")));
    EXPECT_EQ(check_files({".1"}).records, 2U);
    reopen(*log);
    EXPECT_FALSE(check_files({".1", ""}).wrong);
}

TEST_F(RotationTest, AProcessThatWasKilledInTheFirstLineOfANewFileIsFollowedByOneThatSaysSo) {
    {
        const auto log = open();
        move_away(".1");
        reopen(*log);
    }
    const std::string whole = text();
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        write(whole.substr(0, size));
        {
            const auto log = open();
        }
        const AuditCheck checked = check_files({".1", ""});
        // Less than its number, and the new process can't know that there was a file before.
        if (size < std::string(R"({"seq":2,)").size()) continue;
        EXPECT_FALSE(checked.wrong) << size << " " << checked.wrong->problem;
        EXPECT_FALSE(check().wrong) << size;
    }
}

// -- The disk

TEST_F(AuditLogTest, ALineThatIsWaitedForIsOnTheDiskBeforeTheCallIsAnswered) {
    std::atomic<int> flushes = 0;
    sync.when = DiskSync::When::kAlways;
    sync.flush = [&flushes](int file) { return ++flushes, ::fdatasync(file); };
    const auto log = open();
    test_support::ThreadLoop loop;
    loop.start([&]() -> Async<void> {
            for (int i = 0; i < 3; ++i) {
                co_await log->settle();
                const int before = flushes;
                EXPECT_TRUE(log->append(call("alice")));
                co_await log->settle();
                EXPECT_GT(flushes, before);
            }
        })
        .join();
    EXPECT_TRUE(log->is_writable());
}

TEST_F(AuditLogTest, ADiskThatDoesNotTakeWritesMakesTheLogUnwritableUntilItDoes) {
    std::atomic<bool> works = false;
    sync.when = DiskSync::When::kAlways;
    sync.flush = [&works](int) { return works ? 0 : (errno = EIO, -1); };
    const spdlog::level::level_enum level = spdlog::get_level();
    spdlog::set_level(spdlog::level::off);
    const auto log = open();
    test_support::ThreadLoop loop;
    loop.start([&]() -> Async<void> {
            EXPECT_TRUE(log->append(call("alice")));
            co_await log->settle();
            EXPECT_FALSE(log->is_writable());
            works = true;
            EXPECT_TRUE(log->append(call("alice")));
            co_await log->settle();
            EXPECT_TRUE(log->is_writable());
        })
        .join();
    spdlog::set_level(level);
}

TEST_F(AuditLogTest, WhatIsFlushedEachSecondIsFlushedWhenTheProcessEnds) {
    std::atomic<int> flushes = 0;
    sync.when = DiskSync::When::kSecond;
    sync.flush = [&flushes](int) { return ++flushes, 0; };
    EXPECT_TRUE(open()->append(call("alice")));
    EXPECT_GE(flushes, 1);
}

/// The files of this process may not grow beyond a size, as if the disk were full.
class FullDisk {
public:
    explicit FullDisk(std::size_t bytes) {
        // The log may go to a file as well.
        spdlog::set_level(spdlog::level::off);
        (void)std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        spdlog::set_level(level_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    const spdlog::level::level_enum level_ = spdlog::get_level();
    rlimit before_{};
};

TEST_F(AuditLogTest, WhatAFullDiskDidNotTakeIsCountedInTheNextLineThatItTakes) {
    const auto log = open();
    const std::size_t size = text().size();
    std::size_t line = 0;
    {
        const auto before = text().size();
        EXPECT_TRUE(log->append(call("alice")));
        line = text().size() - before;
    }
    // Each number of bytes that still fits.
    for (std::size_t room = 0; room < line + 2; ++room) {
        const std::size_t now = text().size();
        bool fitted = false;
        {
            const FullDisk full(now + room);
            fitted = log->append(call("alice"));
            EXPECT_EQ(log->is_writable(), fitted) << room;
            if (!fitted) {
                EXPECT_FALSE(log->append(call("bob"))) << room;
            }
        }
        EXPECT_TRUE(log->is_writable());
        EXPECT_TRUE(log->append(call("carol")));
    }
    EXPECT_GT(text().size(), size);
    const AuditCheck checked = check();
    EXPECT_FALSE(checked.wrong) << checked.wrong->line << checked.wrong->problem;
    EXPECT_GT(checked.torn, line / 2);
    EXPECT_GT(checked.lost, line);
}

RequestEnvelope get_task(const std::string& id) {
    RequestEnvelope envelope;
    envelope.operation = Operation::kGetTask;
    envelope.params = GetTaskRequest{{}, id, {}};
    envelope.principal.name = "alice";
    envelope.context.headers = {{"authorization", "Bearer secret"}};
    envelope.context.request_id = "r-1";
    envelope.context.remote_address = "192.0.2.1";
    return envelope;
}

TEST(AuditRecord, NamesTheCallerTheTaskAndTheOutcome) {
    const auto envelope = get_task("t-1");
    const AuditRecord refused =
        audit_record("agent", envelope, fail(ErrorCode::kTaskNotFound, "no such task"));
    EXPECT_EQ(refused.principal, "alice");
    EXPECT_EQ(refused.operation, "GetTask");
    EXPECT_EQ(refused.task, "t-1");
    EXPECT_EQ(refused.outcome, "TASK_NOT_FOUND");
    EXPECT_EQ(refused.request_id, "r-1");
    EXPECT_EQ(refused.remote, "192.0.2.1");
    EXPECT_EQ(audit_record("", envelope, Reply(Task{})).outcome, "OK");
    // What a client makes up is bounded.
    EXPECT_LT(audit_record("", get_task(std::string(100000, 'x')), Reply(Task{})).task.size(),
              300U);
}

}  // namespace
}  // namespace a2akit
