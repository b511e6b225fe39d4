#include "backends/sqlite/database.hpp"

#include "backends/sqlite/refusal.hpp"
#include "backends/sqlite/schema.hpp"
#include "core/log.hpp"
#include "core/log_text.hpp"

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
#include <mutex>
#include <set>
#include <system_error>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kHeader = 100;
constexpr off_t kProbe = 256 * 1024;
constexpr std::string_view kMagic("SQLite format 3\0", 16);

std::int64_t big_endian(const unsigned char* at) {
    return (std::int64_t{at[0]} << 24) | (at[1] << 16) | (at[2] << 8) | at[3];
}

void set_up(Connection& connection, const char* synchronous, int cache_kib) {
    connection.execute(
        "PRAGMA busy_timeout=5000; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
        "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF");
    connection.execute((std::string("PRAGMA synchronous=") + synchronous).c_str());
    connection.execute(("PRAGMA cache_size=-" + std::to_string(cache_kib)).c_str());
}

std::string in_use() {
    return "another process is using it; one file serves one process at a time";
}

/// The files that databases of this process hold.
struct HeldFiles {
    std::mutex mutex;
    std::set<std::pair<dev_t, ino_t>> files;
};

HeldFiles& held_files() {
    static HeldFiles files;
    return files;
}

}  // namespace

bool Database::Hold::take(const std::string& path) {
    struct stat found{};
    if (held_ || ::stat(path.c_str(), &found) != 0) return true;
    HeldFiles& all = held_files();
    const std::lock_guard lock(all.mutex);
    if (!all.files.emplace(found.st_dev, found.st_ino).second) return false;
    held_.emplace(found.st_dev, found.st_ino);
    return true;
}

Database::Hold::~Hold() {
    if (!held_) return;
    HeldFiles& all = held_files();
    const std::lock_guard lock(all.mutex);
    all.files.erase(*held_);
}

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
        return fail(
            refused(path, "it is a directory; name a file in it, such as " + path + "/a2akit.db"));
    }
    // Resolve links, so that a link and its target share one lock.
    if (auto real = std::filesystem::weakly_canonical(path, failed); !failed) path = real.string();
    if (auto locked = database->lock(); !locked) return fail(std::move(locked.error()));
    if (auto checked = database->check_header(); !checked) return fail(std::move(checked.error()));
    if (auto prepared = database->prepare(); !prepared) return fail(std::move(prepared.error()));
    return database;
}

// Our own locks, since SQLite releases its locks between transactions, and a process that holds a
// file owns its runs for good. The lock file beside the database keeps out older versions, which
// know no other lock; the lock on the database itself remains if the lock file is deleted.
Result<void> Database::lock() {
    const std::string name = options_.path + ".lock";
    lock_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        const int error = errno;
        if (error == EMFILE || error == ENFILE) {
            return fail(refused(options_.path, no_descriptor()));
        }
        return fail(refused(options_.path, "its lock " + name + " cannot be opened (" +
                                               std::strerror(error) +
                                               "); make its directory writable"));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) return fail(refused(options_.path, in_use()));
    return lock_file();
}

// Opened once for the life of this object: closing any descriptor of the file releases SQLite's own
// locks on it, so a file that this process has open already must not be opened here again.
Result<void> Database::lock_file() {
    const std::string& path = options_.path;
    if (!hold_.take(path)) return fail(refused(path, in_use()));
    // Readable by its owner only; SQLite gives the files beside it the same mode.
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) {
        const int error = errno;
        const bool read_only =
            (error == EACCES || error == EROFS) && ::access(path.c_str(), R_OK) == 0;
        if (read_only)
            return fail(refused(path, "it is read-only; make it and its directory writable"));
        return fail(refused(path, std::string("it cannot be read: ") + std::strerror(error)));
    }
    if (::flock(file_, LOCK_EX | LOCK_NB) != 0) return fail(refused(path, in_use()));
    if (!hold_.take(path)) return fail(refused(path, in_use()));
    struct stat found{};
    if (::fstat(file_, &found) == 0 && (found.st_mode & (S_IROTH | S_IWOTH)) != 0) {
        log::warn(
            "every user of this machine can open the database; `chmod 600` it and the files beside "
            "it path={}",
            a2akit::quoted(path));
    }
    return {};
}

// Checked before SQLite opens the file, which would already write beside a file of another
// application.
Result<void> Database::check_header() const {
    const std::string& path = options_.path;
    std::array<unsigned char, kHeader> header{};
    const ssize_t size = ::pread(file_, header.data(), header.size(), 0);
    if (size < 0)
        return fail(refused(path, std::string("it cannot be read: ") + std::strerror(errno)));
    if (size == 0) return {};
    // If the power failed while the file was being made, its journal shows that, and it is made
    // again.
    const bool empty =
        std::all_of(header.begin(), header.end(), [](unsigned char byte) { return byte == 0; });
    if (empty && ::access((path + "-journal").c_str(), F_OK) == 0) return {};
    if (static_cast<std::size_t>(size) < kHeader ||
        std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
        return fail(refused(path, "it is not a SQLite database"));
    }
    // A single page cannot hold a table: the file is ours but unfinished, or it is not in use at
    // all.
    const bool blank = big_endian(&header[28]) <= 1 && big_endian(&header[68]) == 0;
    if (blank) return {};
    if (big_endian(&header[68]) != kApplicationId)
        return fail(refused(path, of_another_application()));
    if (const auto version = big_endian(&header[60]); version > newest_schema()) {
        return fail(refused(path, of_a_newer_version(version)));
    }
    return {};
}

Result<void> Database::check_place() const {
    // A test's own file system knows other paths and disks.
    if (options_.vfs != nullptr) return {};
    const auto unusable = [](std::string why) {
        return fail(ErrorCode::kUnavailable, std::move(why));
    };
    struct stat held{};
    struct stat found{};
    if (::fstat(file_, &held) != 0 || ::stat(options_.path.c_str(), &found) != 0 ||
        held.st_ino != found.st_ino || held.st_dev != found.st_dev) {
        return unusable(
            "the database's file was deleted or replaced; stop the server before its data is "
            "moved");
    }
    const std::string name = options_.path + "-probe";
    const int probe = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (probe < 0)
        return unusable(std::string("the database's directory takes no file: ") +
                        std::strerror(errno));
    ::unlink(name.c_str());
    const int error = ::posix_fallocate(probe, 0, kProbe);
    ::close(probe);
    if (error != 0)
        return unusable(std::string("the database's disk has no room: ") + std::strerror(error));
    return {};
}

// Uses the connection that stays open: closing another one here would first move the whole log into
// the file.
Result<void> Database::prepare() {
    try {
        writer_ =
            std::make_unique<Connection>(options_.path, Connection::Mode::kReadWrite, options_.vfs);
        Connection& connection = *writer_;
        set_up(connection, "FULL", 64 * 1024);
        if (sqlite3_db_readonly(connection.handle(), "main") == 1) {
            return fail(
                refused(options_.path, "it is read-only; make it and its directory writable"));
        }
        const auto version = connection.number_of("PRAGMA user_version");
        const bool empty =
            version == 0 && connection.number_of("SELECT count(*) FROM sqlite_schema") == 0;
        if (!empty && connection.number_of("PRAGMA application_id") != kApplicationId) {
            return fail(refused(options_.path, of_another_application()));
        }
        if (version > newest_schema())
            return fail(refused(options_.path, of_a_newer_version(version)));
        if (empty) connection.execute("PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL");
        migrate(connection, static_cast<int>(version));
        if (connection.text_of("PRAGMA journal_mode=WAL") != "wal") {
            return fail(refused(options_.path,
                                "its file system allows no write-ahead log; choose a local disk"));
        }
        check_schema(connection);
        connection.execute("PRAGMA journal_size_limit=67108864");
        if (options_.synchronous == Synchronous::kNormal)
            connection.execute("PRAGMA synchronous=NORMAL");
    } catch (const Failure& failure) {
        return fail(refused(options_.path, why_of(failure)));
    }
    return {};
}

std::unique_ptr<Connection> Database::reader() const {
    auto connection =
        std::make_unique<Connection>(options_.path, Connection::Mode::kReadOnly, options_.vfs);
    set_up(*connection, "NORMAL", 16 * 1024);
    return connection;
}

std::unique_ptr<Connection> Database::checkpointer() const {
    auto connection =
        std::make_unique<Connection>(options_.path, Connection::Mode::kReadWrite, options_.vfs);
    set_up(*connection, options_.synchronous == Synchronous::kFull ? "FULL" : "NORMAL", 2048);
    return connection;
}

}  // namespace a2akit::sqlite
