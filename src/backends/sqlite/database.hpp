#pragma once

#include "backends/sqlite/connection.hpp"

#include <a2akit/core/result.hpp>

#include <memory>
#include <string>
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

/// A database file that this process alone uses, for as long as this object lives.
class Database {
public:
    /// Makes the file and its directory where there are none, migrates an older schema, and refuses, without touching
    /// the file: a newer schema, a file of another application, one that is no database, one that cannot be written,
    /// and one that another process holds. The message says what would help.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// The connection that writes. REQUIRES: it is taken once.
    [[nodiscard]] std::unique_ptr<Connection> writer() { return std::move(writer_); }
    [[nodiscard]] std::unique_ptr<Connection> reader() const;
    /// One that only moves what was committed from the log into the file.
    [[nodiscard]] std::unique_ptr<Connection> checkpointer() const;

private:
    explicit Database(DatabaseOptions options) : options_(std::move(options)) {}
    Result<void> lock();
    Result<void> claim_file();
    Result<void> check_header() const;
    Result<void> prepare();

    DatabaseOptions options_;
    std::unique_ptr<Connection> writer_;
    int lock_ = -1;
    int file_ = -1;  ///< Holds the lock of the database itself.
};

/// Reads the whole file: every page, every index, every row, and whether they agree. What is wrong, one line each; empty
/// when it is sound. The process that holds the file may go on.
[[nodiscard]] Result<std::vector<std::string>> check_database(const std::string& path);

}  // namespace a2akit::sqlite
