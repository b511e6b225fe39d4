#include "backends/sqlite/database.hpp"

#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kHeader = 100;
constexpr std::string_view kMagic("SQLite format 3\0", 16);

std::int64_t big_endian(const unsigned char* at) {
    return (std::int64_t{at[0]} << 24) | (at[1] << 16) | (at[2] << 8) | at[3];
}

void set_up(Connection& connection, const char* synchronous, int cache_kib) {
    connection.execute("PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
                       "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF");
    connection.execute((std::string("PRAGMA synchronous=") + synchronous).c_str());
    connection.execute(("PRAGMA cache_size=-" + std::to_string(cache_kib)).c_str());
}

}  // namespace

Database::~Database() {
    writer_.reset();  // still under the lock
    if (file_ >= 0) ::close(file_);
    if (lock_ >= 0) ::close(lock_);
}

Result<std::unique_ptr<Database>> Database::open(DatabaseOptions options) {
    std::unique_ptr<Database> database(new Database(std::move(options)));
    std::string& path = database->options_.path;
    std::error_code failed;
    const auto folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder, failed);
    if (failed) return fail(refused(path, "its directory cannot be made: " + failed.message()));
    if (std::filesystem::is_directory(path, failed)) {
        return fail(refused(path, "it is a directory; name a file in it, such as " + path + "/a2akit.db"));
    }
    // By whatever name: a link and what it leads to have to meet at one lock.
    if (auto real = std::filesystem::weakly_canonical(path, failed); !failed) path = real.string();
    if (auto locked = database->lock(); !locked) return fail(std::move(locked.error()));
    if (auto checked = database->check_header(); !checked) return fail(std::move(checked.error()));
    if (auto claimed = database->claim_file(); !claimed) return fail(std::move(claimed.error()));
    if (auto prepared = database->prepare(); !prepared) return fail(std::move(prepared.error()));
    return database;
}

// A lock of its own: SQLite's are let go between transactions, and whoever holds a file claims its runs for good.
Result<void> Database::lock() {
    const std::string name = options_.path + ".lock";
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        const int error = errno;
        return fail(refused(options_.path, "its lock " + name + " cannot be opened (" + std::strerror(error) +
                                               "); make its directory writable"));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
    return fail(refused(options_.path, "another process is using it; one file serves one process at a time"));
}

// The lock file can be deleted while it is held; the database itself is locked as well. flock(2) does not meet SQLite's
// own locks. A new file is for its owner only, and SQLite gives its log the same mode.
Result<void> Database::claim_file() {
    file_ = ::open(options_.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) {
        return fail(refused(options_.path, std::string("it cannot be opened: ") + std::strerror(errno)));
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
    return fail(refused(options_.path, "another process is using it; one file serves one process at a time"));
}

// Before SQLite opens it: that would already write beside a file of somebody else.
Result<void> Database::check_header() const {
    const std::string& path = options_.path;
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        if (errno == ENOENT) return {};
        return fail(refused(path, std::string("it cannot be read: ") + std::strerror(errno)));
    }
    std::array<unsigned char, kHeader> header{};
    const ssize_t size = ::pread(file, header.data(), header.size(), 0);
    ::close(file);
    if (size < 0) return fail(refused(path, std::string("it cannot be read: ") + std::strerror(errno)));
    if (::access(path.c_str(), W_OK) != 0) {
        return fail(refused(path, "it is read-only; make it and its directory writable"));
    }
    if (size == 0) return {};
    // A file that was being made when the power failed is made again: its journal says so.
    const bool empty = std::all_of(header.begin(), header.end(), [](unsigned char byte) { return byte == 0; });
    if (empty && ::access((path + "-journal").c_str(), F_OK) == 0) return {};
    if (static_cast<std::size_t>(size) < kHeader || std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
        return fail(refused(path, "it is no SQLite database"));
    }
    // One page holds no table: a file of ours that was begun and not finished, or nobody's.
    const bool blank = big_endian(&header[28]) <= 1 && big_endian(&header[68]) == 0;
    if (blank) return {};
    if (big_endian(&header[68]) != kApplicationId) return fail(refused(path, of_another_application()));
    if (const auto version = big_endian(&header[60]); version > newest_schema()) {
        return fail(refused(path, of_a_newer_version(version)));
    }
    return {};
}

// With the connection that stays: one that closed here would first move the whole log into the file.
Result<void> Database::prepare() {
    try {
        writer_ = std::make_unique<Connection>(options_.path, Connection::Mode::kReadWrite, options_.vfs);
        Connection& connection = *writer_;
        set_up(connection, "FULL", 64 * 1024);
        if (sqlite3_db_readonly(connection.handle(), "main") == 1) {
            return fail(refused(options_.path, "it is read-only; make it and its directory writable"));
        }
        const auto version = connection.number_of("PRAGMA user_version");
        const bool empty = version == 0 && connection.number_of("SELECT count(*) FROM sqlite_schema") == 0;
        if (!empty && connection.number_of("PRAGMA application_id") != kApplicationId) {
            return fail(refused(options_.path, of_another_application()));
        }
        if (version > newest_schema()) return fail(refused(options_.path, of_a_newer_version(version)));
        if (empty) connection.execute("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL");
        migrate(connection, static_cast<int>(version));
        if (connection.text_of("PRAGMA journal_mode=WAL") != "wal") {
            return fail(refused(options_.path, "its file system allows no write-ahead log; choose a local disk"));
        }
        check_schema(connection);
        connection.execute("PRAGMA journal_size_limit=67108864");
        if (options_.synchronous == Synchronous::kNormal) connection.execute("PRAGMA synchronous=NORMAL");
    } catch (const Failure& failure) {
        return fail(refused(options_.path, why_of(failure)));
    }
    return {};
}

std::unique_ptr<Connection> Database::reader() const {
    auto connection = std::make_unique<Connection>(options_.path, Connection::Mode::kReadOnly, options_.vfs);
    set_up(*connection, "NORMAL", 16 * 1024);
    return connection;
}

std::unique_ptr<Connection> Database::checkpointer() const {
    auto connection = std::make_unique<Connection>(options_.path, Connection::Mode::kReadWrite, options_.vfs);
    set_up(*connection, options_.synchronous == Synchronous::kFull ? "FULL" : "NORMAL", 2048);
    return connection;
}

}  // namespace a2akit::sqlite
