#include "backends/sqlite/database.hpp"
#include "backends/sqlite/schema.hpp"
#include "support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

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
    void make_file(const char* sql) const { Connection(path_, Connection::Mode::kReadWrite).execute(sql); }
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

TEST_F(SqliteDatabaseTest, AFileThatAnotherHoldsIsRefused) {
    const auto holder = open();
    ASSERT_TRUE(holder);
    EXPECT_THAT(refusal(), HasSubstr("another process is using it"));
}

TEST_F(SqliteDatabaseTest, AFileIsFreeAgainWhenItsHolderIsGone) {
    make_database();
    EXPECT_TRUE(open());
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefused) {
    write("{\"this\": \"is a settings file of somebody, longer than the header of a database, so that it is read\"}");
    EXPECT_THAT(refusal(), HasSubstr("no SQLite database"));
    write("short");
    EXPECT_THAT(refusal(), HasSubstr("no SQLite database"));
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

TEST_F(SqliteDatabaseTest, AnEmptyFileIsMadeADatabase) {
    write("");
    EXPECT_TRUE(open());
}

TEST_F(SqliteDatabaseTest, ANewerSchemaIsRefused) {
    make_database();
    make_file(("PRAGMA user_version=" + std::to_string(newest_schema() + 1)).c_str());
    EXPECT_THAT(refusal(), HasSubstr("newer version"));
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

TEST_F(SqliteDatabaseTest, AReadOnlyFileIsRefused) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
    make_database();
    std::filesystem::permissions(path_, std::filesystem::perms::owner_read);
    EXPECT_THAT(refusal(), HasSubstr("read-only"));
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

TEST_F(SqliteDatabaseTest, TheWholeFileIsCheckedByACommand) {
    make_database();
    make_file("INSERT INTO owners(owner, tenant) VALUES('alice', ''), ('bob', ''); PRAGMA wal_checkpoint(TRUNCATE)");
    auto wrong = check_database(path_);
    ASSERT_TRUE(wrong) << wrong.error().message;
    EXPECT_TRUE(wrong->empty());
    make_file("PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name = 'keys_id'");
    wrong = check_database(path_);
    EXPECT_TRUE(!wrong || !wrong->empty());
}

TEST_F(SqliteDatabaseTest, TheCheckFindsADamagedPage) {
    make_database();
    overwrite(4096 * 6, std::string(512, '\x5A'));
    const auto wrong = check_database(path_);
    ASSERT_TRUE(wrong) << wrong.error().message;
    EXPECT_FALSE(wrong->empty());
}

TEST_F(SqliteDatabaseTest, TheCheckRefusesAFileOfAnotherApplication) {
    make_file("CREATE TABLE notes(text)");
    const auto wrong = check_database(path_);
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().message, HasSubstr("another application"));
}

}  // namespace
}  // namespace a2akit::sqlite
