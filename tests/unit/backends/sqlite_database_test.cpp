#include "backends/sqlite/database.hpp"
#include "backends/sqlite/schema.hpp"
#include "support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sqlite3.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace a2akit::sqlite {
namespace {

using ::testing::HasSubstr;

class SqliteDatabaseTest : public ::testing::Test {
protected:
    [[nodiscard]] Result<std::unique_ptr<Database>> open() const {
        DatabaseOptions options;
        options.path = path_;
        return Database::open(std::move(options));
    }
    /// Why it is refused; and the file is afterwards what it was before.
    [[nodiscard]] std::string refusal() const {
        const std::string before = content();
        const auto opened = open();
        EXPECT_FALSE(opened) << "it was opened";
        EXPECT_EQ(content(), before) << "it was changed";
        return opened ? std::string() : opened.error().message;
    }
    void make_file(const char* sql) const {
        Connection(path_, Connection::Mode::kReadWrite).execute(sql);
    }
    void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
    void overwrite(std::streamoff at, const std::string& bytes) const {
        std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(at);
        file << bytes;
    }
    [[nodiscard]] std::string content() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void make_database() const { ASSERT_TRUE(open()); }

    const test_support::TemporaryDirectory directory_;
    const std::string path_ = directory_.file("a2akit.db");
};

TEST_F(SqliteDatabaseTest, AFileIsMadeWithItsDirectoryAndOpenedAgain) {
    DatabaseOptions options;
    options.path = directory_.file("some/where/a2akit.db");
    for (int i = 0; i < 2; ++i) {
        const auto opened = Database::open(options);
        ASSERT_TRUE(opened) << opened.error().message;
        EXPECT_EQ((*opened)->reader()->number_of("PRAGMA user_version"), newest_schema());
        EXPECT_EQ((*opened)->writer()->text_of("PRAGMA journal_mode"), "wal");
    }
}

TEST_F(SqliteDatabaseTest, SynchronousIsFullUnlessNormalIsAskedFor) {
    {
        const auto opened = open();
        EXPECT_EQ((*opened)->writer()->number_of("PRAGMA synchronous"), 2);
    }
    DatabaseOptions options;
    options.path = path_;
    options.synchronous = Synchronous::kNormal;
    EXPECT_EQ((*Database::open(std::move(options)))->writer()->number_of("PRAGMA synchronous"), 1);
}

TEST_F(SqliteDatabaseTest, AStatementIsPreparedOnce) {
    Connection connection(path_, Connection::Mode::kReadWrite);
    constexpr const char* kStatement = "SELECT ?1";
    for (int i = 0; i < 3; ++i) {
        Query query = connection.query(kStatement);
        ASSERT_TRUE(query.number(i).step());
        EXPECT_EQ(query.number(), i);
    }
    sqlite3_stmt* only = sqlite3_next_stmt(connection.handle(), nullptr);
    ASSERT_NE(only, nullptr);
    EXPECT_EQ(sqlite3_next_stmt(connection.handle(), only), nullptr);
}

TEST_F(SqliteDatabaseTest, AFileThatAnotherHoldsIsRefused) {
    const auto holder = open();
    ASSERT_TRUE(holder);
    EXPECT_THAT(refusal(), HasSubstr("another process is using it"));
}

TEST_F(SqliteDatabaseTest, AFileThatAnotherProcessHoldsIsRefused) {
    std::array<int, 2> held{};
    std::array<int, 2> enough{};
    ASSERT_EQ(::pipe(held.data()) + ::pipe(enough.data()), 0);
    const pid_t holder = ::fork();
    if (holder == 0) {
        const auto opened = open();
        char byte = opened ? 'y' : 'n';
        ::_exit(::write(held[1], &byte, 1) == 1 && ::read(enough[0], &byte, 1) == 1 ? 0 : 1);
    }
    char byte = 0;
    ASSERT_EQ(::read(held[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'y');
    EXPECT_THAT(refusal(), HasSubstr("another process is using it"));
    EXPECT_EQ(::write(enough[1], &byte, 1), 1);
    int status = -1;
    ::waitpid(holder, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(open()) << "its lock went with it";
    for (const int end : {held[0], held[1], enough[0], enough[1]}) ::close(end);
}

TEST_F(SqliteDatabaseTest, AFileIsHeldByWhateverNameItIsOpened) {
    const auto holder = open();
    ASSERT_TRUE(holder);
    DatabaseOptions options;
    options.path = directory_.file("another name.db");
    std::filesystem::create_symlink(path_, options.path);
    const auto opened = Database::open(std::move(options));
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("another process is using it"));
}

TEST_F(SqliteDatabaseTest, AFileIsFreeAgainWhenItsHolderIsGone) {
    make_database();
    EXPECT_TRUE(open());
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefused) {
    write(
        "{\"this\": \"is a settings file of somebody, longer than the header of a database, so "
        "that it is read\"}");
    EXPECT_THAT(refusal(), HasSubstr("not a SQLite database"));
    write("short");
    EXPECT_THAT(refusal(), HasSubstr("not a SQLite database"));
}

TEST_F(SqliteDatabaseTest, AFileOfAnotherApplicationIsRefused) {
    make_file("CREATE TABLE notes(text); PRAGMA application_id=77");
    EXPECT_THAT(refusal(), HasSubstr("another application"));
}

TEST_F(SqliteDatabaseTest, AFileThatNamesNoApplicationIsRefused) {
    make_file("CREATE TABLE tasks(id)");
    EXPECT_THAT(refusal(), HasSubstr("another application"));
    EXPECT_FALSE(std::filesystem::exists(path_ + "-wal")) << "SQLite has not even opened it";
}

TEST_F(SqliteDatabaseTest, AFileOfAnotherApplicationIsLeftAloneWithItsJournal) {
    make_file("CREATE TABLE notes(text); PRAGMA application_id=77");
    std::ofstream(path_ + "-journal") << "what its owner needs to repair it";
    EXPECT_THAT(refusal(), HasSubstr("another application"));
    EXPECT_EQ(std::filesystem::file_size(path_ + "-journal"), 33U);
    write(
        "no database at all, but longer than the header of one is, and with a journal beside it as "
        "well: strange");
    EXPECT_THAT(refusal(), HasSubstr("not a SQLite database"));
    EXPECT_EQ(std::filesystem::file_size(path_ + "-journal"), 33U);
}

TEST_F(SqliteDatabaseTest, AnEmptyFileIsMadeADatabase) {
    write("");
    EXPECT_TRUE(open());
}

TEST_F(SqliteDatabaseTest, ANewerSchemaIsRefused) {
    make_database();
    make_file(("PRAGMA user_version=" + std::to_string(newest_schema() + 1)).c_str());
    EXPECT_THAT(refusal(), HasSubstr("newer version"));
}

TEST_F(SqliteDatabaseTest, OnlyTheOwnerMayReadAFileThatIsMadeAndTheFilesBesideIt) {
    const mode_t former = ::umask(0);
    const auto opened = open();
    if (opened) (*opened)->writer()->execute("CREATE TABLE notes(text)");
    ::umask(former);
    ASSERT_TRUE(opened);
    const std::unique_ptr<Connection> reader = (*opened)->reader();
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
        const std::string name = path_ + suffix;
        if (!std::filesystem::exists(name)) continue;
        EXPECT_EQ(std::filesystem::status(name).permissions(),
                  static_cast<std::filesystem::perms>(0600))
            << name;
    }
}

TEST_F(SqliteDatabaseTest, ItStaysLockedWhenTheLockBesideItIsDeleted) {
    std::array<int, 2> deleted{};
    ASSERT_EQ(::pipe(deleted.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char byte = 0;
        if (::read(deleted[0], &byte, 1) != 1) ::_exit(2);
        const auto second = open();
        ::_exit(!second && second.error().message.find("another process is using it") !=
                               std::string::npos
                    ? 0
                    : 1);
    }
    {
        const auto opened = open();
        EXPECT_TRUE(opened);
        std::filesystem::remove(path_ + ".lock");
        EXPECT_EQ(::write(deleted[1], "d", 1), 1);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0) << "a second process got in";
        std::filesystem::remove(path_ + ".lock");
        EXPECT_THAT(refusal(), HasSubstr("another process is using it"))
            << "nor another server of this process";
    }
    for (const int end : deleted) ::close(end);
}

TEST_F(SqliteDatabaseTest, ItMayBeOpenedAgainOnceItIsClosed) {
    make_database();
    std::filesystem::remove(path_ + ".lock");
    EXPECT_TRUE(open());
}

TEST_F(SqliteDatabaseTest, ADirectoryIsRefusedAndAFileInItProposed) {
    std::filesystem::create_directory(path_);
    const auto opened = open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("name a file in it"));
}

TEST_F(SqliteDatabaseTest, ADirectoryThatCannotBeMadeIsNamed) {
    write("a file");
    DatabaseOptions options;
    options.path = path_ + "/below/a2akit.db";
    const auto opened = Database::open(std::move(options));
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("directory cannot be made"));
}

/// What somebody meets who may not do everything, as root may.
class SqliteAccessTest : public SqliteDatabaseTest {
protected:
    SqliteAccessTest() {
        std::filesystem::permissions(directory_.path(), static_cast<std::filesystem::perms>(0777));
    }
    ~SqliteAccessTest() override { permit(directory_.path(), 0777); }

    static void permit(const std::string& path, unsigned mode) {
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
    }
    /// A database and its lock, all of which everybody may write.
    void make_database_of_everybody() const {
        make_database();
        permit(path_, 0666);
        permit(path_ + ".lock", 0666);
    }
    /// Why the file is refused to a process without privileges; and it is afterwards what it was
    /// before.
    [[nodiscard]] std::string refusal_to_somebody() const {
        const std::string before = content();
        std::array<int, 2> pipe{};
        EXPECT_EQ(::pipe(pipe.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            constexpr unsigned kNobody = 65534;
            if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(1);
            const auto opened = open();
            const std::string message = opened ? "it was opened" : opened.error().message;
            ::_exit(::write(pipe[1], message.data(), message.size()) < 0 ? 1 : 0);
        }
        ::close(pipe[1]);
        std::string message(4096, '\0');
        const ssize_t size = ::read(pipe[0], message.data(), message.size());
        message.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        ::close(pipe[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
        EXPECT_EQ(content(), before) << "it was changed";
        return message;
    }
};

TEST_F(SqliteAccessTest, AReadOnlyFileIsRefused) {
    make_database_of_everybody();
    permit(path_, 0444);
    EXPECT_THAT(refusal_to_somebody(),
                HasSubstr("it is read-only; make it and its directory writable"));
}

TEST_F(SqliteAccessTest, AFileThatMayNotBeReadIsRefused) {
    make_database_of_everybody();
    permit(path_, 0);
    EXPECT_THAT(refusal_to_somebody(), HasSubstr("it cannot be read: Permission denied"));
}

TEST_F(SqliteAccessTest, AFileInAReadOnlyDirectoryIsRefused) {
    make_database_of_everybody();
    permit(directory_.path(), 0555);
    EXPECT_THAT(refusal_to_somebody(), HasSubstr("make it and its directory writable"));
    permit(directory_.path(), 0777);
    std::filesystem::remove(path_ + ".lock");
    permit(directory_.path(), 0555);
    EXPECT_THAT(refusal_to_somebody(), HasSubstr("make its directory writable"));
}

TEST_F(SqliteAccessTest, ADirectoryThatMayNotBeEnteredIsRefused) {
    make_database_of_everybody();
    permit(directory_.path(), 0);
    EXPECT_THAT(refusal_to_somebody(), HasSubstr("Permission denied"));
}

TEST_F(SqliteDatabaseTest, ADamagedSchemaIsRefused) {
    make_database();
    overwrite(100, std::string(2000, '\x5A'));
    EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

TEST_F(SqliteDatabaseTest, AMissingIndexIsNoticed) {
    make_database();
    make_file("DROP INDEX tasks_listed");
    EXPECT_THAT(refusal(), HasSubstr("tasks_listed"));
}

TEST_F(SqliteDatabaseTest, ACutFileIsRefused) {
    make_database();
    std::filesystem::resize_file(path_, 4096);
    EXPECT_THAT(refusal(), HasSubstr("damaged"));
}

}  // namespace
}  // namespace a2akit::sqlite
