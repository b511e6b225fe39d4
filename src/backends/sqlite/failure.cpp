#include "backends/sqlite/failure.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <new>

namespace a2akit::sqlite {

Failure Failure::of(sqlite3* connection, int code) {
    if (connection == nullptr) return {code, sqlite3_errstr(code)};
    const int error = sqlite3_system_errno(connection);
    if ((code & 0xFF) == SQLITE_CANTOPEN && (error == EMFILE || error == ENFILE)) {
        return {SQLITE_ERROR, no_descriptor()};
    }
    return {sqlite3_extended_errcode(connection), sqlite3_errmsg(connection)};
}

std::string no_descriptor() {
    return "the system allows this process no further descriptors; raise its limit "
           "(ulimit -n, LimitNOFILE=, --ulimit nofile)";
}

Failure Failure::corrupt(std::string what) { return {SQLITE_CORRUPT, std::move(what)}; }

bool Failure::is_damage() const noexcept { return (code_ & 0xFF) == SQLITE_CORRUPT; }

Error Failure::to_error() const {
    switch (code_ & 0xFF) {
        case SQLITE_FULL:
            return Error{ErrorCode::kUnavailable,
                         "the database cannot grow: the disk is full; free some space", nullptr};
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
            return Error{ErrorCode::kUnavailable,
                         "the database cannot be written (" + message_ +
                             "); check the permissions of its directory",
                         nullptr};
        case SQLITE_CORRUPT:
            return Error{ErrorCode::kInternal,
                         "a part of the database is damaged (" + message_ +
                             "); check it with `a2akit check`",
                         nullptr};
        case SQLITE_NOTADB:
            return Error{ErrorCode::kUnavailable,
                         "the database is damaged (" + message_ + "); check it with `a2akit check`",
                         nullptr};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return Error{ErrorCode::kUnavailable, "another program holds the database: " + message_,
                         nullptr};
        case SQLITE_TOOBIG:
            return Error{ErrorCode::kResourceExhausted, "the write is too big for the database",
                         nullptr};
        default:
            return Error{ErrorCode::kUnavailable, "the database failed: " + message_, nullptr};
    }
}

Error error_of(const std::exception& thrown) {
    if (const auto* failure = dynamic_cast<const Failure*>(&thrown)) return failure->to_error();
    if (dynamic_cast<const std::bad_alloc*>(&thrown) != nullptr) {
        return Error{ErrorCode::kUnavailable,
                     "the server has too little memory for this; try again later", nullptr};
    }
    return Error{ErrorCode::kInternal, "the storage failed in an unforeseen way; its log says how",
                 nullptr};
}

}  // namespace a2akit::sqlite
