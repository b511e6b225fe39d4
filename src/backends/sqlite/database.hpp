#pragma once

#include "backends/common/data_keys.hpp"
#include "backends/sqlite/connection.hpp"

#include <a2akit/core/result.hpp>

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::sqlite {

enum class Synchronous {
    kFull,    ///< An answered write survives a power loss.
    kNormal,  ///< It survives the end of the process; a power loss may undo the newest writes.
};

struct DatabaseOptions {
    std::string path;
    Synchronous synchronous = Synchronous::kFull;
    const char* vfs = nullptr;  ///< SQLite's; null: the default. Tests inject faults.
};

/// A database file that only this process uses while this object lives, even if the lock file is
/// deleted meanwhile. REQUIRES: it outlives its connections.
class Database {
public:
    /// Makes the file, readable by its owner only, and its directory if they do not exist, and
    /// migrates an older schema. Refuses, without touching the file: a newer schema, a file of
    /// another application, a file that is not a database or cannot be written, and a file that
    /// another process holds. The message says what would help.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Checks that the file is still at its path, and that its disk has space left. Otherwise
    /// kUnavailable, saying what is wrong.
    [[nodiscard]] Result<void> check_place() const;
    /// The connection that writes. REQUIRES: it is taken once.
    [[nodiscard]] std::unique_ptr<Connection> writer() { return std::move(writer_); }
    [[nodiscard]] std::unique_ptr<Connection> reader() const;
    /// A connection that only moves committed data from the log into the file.
    [[nodiscard]] std::unique_ptr<Connection> checkpointer() const;

private:
    explicit Database(DatabaseOptions options) : options_(std::move(options)) {}
    /// This process's note that it has the file open.
    class Hold {
    public:
        Hold() = default;
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;
        ~Hold();
        /// False: another Database of this process has the file open. Notes nothing while the file
        /// does not exist.
        [[nodiscard]] bool take(const std::string& path);

    private:
        std::optional<std::pair<dev_t, ino_t>> held_;
    };

    Result<void> lock();
    Result<void> lock_file();
    Result<void> check_header() const;
    Result<void> prepare();

    DatabaseOptions options_;
    Hold hold_;
    std::unique_ptr<Connection> writer_;
    int lock_ = -1;  ///< The lock file beside it.
    int file_ = -1;  ///< The database itself.
};

struct Findings {
    std::vector<std::string> lines;  ///< The damage, one line each; empty when the file is sound.
    std::size_t damaged_tasks = 0;
    std::size_t encrypted = 0;  ///< Tasks with contents that the keys at hand do not open.
    bool wrong_counts = false;

    /// True: `set_aside` removes all damage. False: pages are damaged.
    [[nodiscard]] bool can_be_set_aside() const noexcept {
        return damaged_tasks != 0 || wrong_counts;
    }
};
/// Reads the whole file: every page, every index, every row, and whether they agree. The process
/// that holds the file may keep running. `keys`: of A2AKIT_DATA_KEYS; null for none.
[[nodiscard]] Result<Findings> check_database(const std::string& path,
                                              const backends::DataKeys* keys = nullptr);

struct SetAside {
    std::size_t tasks = 0;
    std::string file;  ///< Empty when there was no damaged task.
};
/// Moves each task that `check_database` names, with all its rows, into a new database beside the
/// file, `PATH.set-aside-1` or the next free number, readable by its owner only. Recounts the tasks
/// that stay. Fails, and moves nothing, while a process uses the file, and when pages are damaged.
[[nodiscard]] Result<SetAside> set_aside(const std::string& path,
                                         const backends::DataKeys* keys = nullptr);

}  // namespace a2akit::sqlite
