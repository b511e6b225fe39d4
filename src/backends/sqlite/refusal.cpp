#include "backends/sqlite/refusal.hpp"

#include "backends/sqlite/schema.hpp"

#include <sqlite3.h>

namespace a2akit::sqlite {

Error refused(const std::string& path, const std::string& why) {
    return Error{ErrorCode::kUnavailable, "the database " + path + " cannot be used: " + why,
                 nullptr};
}

std::string why_of(const Failure& failure) {
    switch (failure.code() & 0xFF) {
        case SQLITE_NOTADB:
            return "it is not a SQLite database";
        case SQLITE_CORRUPT:
            return std::string("it is damaged (") + failure.what() + "); restore it from a backup";
        case SQLITE_FULL:
            return "the disk is full; free some space";
        case SQLITE_READONLY:
            return "it is read-only; make it and its directory writable";
        case SQLITE_CANTOPEN:
            return std::string("it or a file beside it cannot be opened (") + failure.what() +
                   "); make it and its directory writable";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another program holds it; stop that one first";
        default:
            return failure.what();
    }
}

std::string of_another_application() {
    return "it belongs to another application; choose another file";
}

std::string of_a_newer_version(std::int64_t version) {
    return "a newer version of a2akit has written it (schema " + std::to_string(version) +
           ", this one knows " + std::to_string(newest_schema()) + "); use that version";
}

}  // namespace a2akit::sqlite
