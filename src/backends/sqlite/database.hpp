#pragma once

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
    kNormal,  ///< It survives the end of the process; a power loss may take the newest ones, together.
};

struct DatabaseOptions {
    std::string path;
    Synchronous synchronous = Synchronous::kFull;
    const char* vfs = nullptr;  ///< Of SQLite's; null: its default. Tests put faults there.
};

/// A database file that this process alone uses, for as long as this object lives: also when the
/// file with its lock is deleted meanwhile. REQUIRES: it outlives its connections.
class Database {
public:
    /// Makes the file, for its owner alone, and its directory where there are none, migrates an
    /// older schema, and refuses, without touching the file: a newer schema, a file of another
    /// application, one that is no database, one that cannot be written, and one that another
    /// process holds. The message says what would help.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Whether the file is still at its path, and its disk has room for more. kUnavailable, saying
    /// what is wrong.
    [[nodiscard]] Result<void> check_place() const;
    /// The connection that writes. REQUIRES: it is taken once.
    [[nodiscard]] std::unique_ptr<Connection> writer() { return std::move(writer_); }
    [[nodiscard]] std::unique_ptr<Connection> reader() const;
    /// One that only moves what was committed from the log into the file.
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
        /// False: another database of this process has it. Notes nothing as long as there is no
        /// such file.
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
    int lock_ = -1;  ///< Of the file beside it.
    int file_ = -1;  ///< Of the database itself.
};

struct Findings {
    std::vector<std::string>
        lines;  ///< What is wrong, one line each; empty when the file is sound.
    std::size_t damaged_tasks = 0;
    bool wrong_counts = false;

    /// All that is wrong goes with `set_aside`; else pages are damaged.
    [[nodiscard]] bool can_be_set_aside() const noexcept {
        return damaged_tasks != 0 || wrong_counts;
    }
};
/// Reads the whole file: every page, every index, every row, and whether they agree. The process
/// that holds the file may go on.
[[nodiscard]] Result<Findings> check_database(const std::string& path);

struct SetAside {
    std::size_t tasks = 0;
    std::string file;  ///< Empty when there was no damaged task.
};
/// Moves each task that `check_database` names, with all its rows, into a new database beside the
/// file, `PATH.set-aside-1` or the next free number, for its owner alone; and counts the tasks that
/// stay anew. Fails, and moves nothing, while a process uses the file, and when pages are damaged.
[[nodiscard]] Result<SetAside> set_aside(const std::string& path);

}  // namespace a2akit::sqlite
