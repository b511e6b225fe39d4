#pragma once

#include <a2akit/core/error.hpp>

#include <exception>
#include <string>

struct sqlite3;

namespace a2akit::sqlite {

/// SQLite reported an error, or the file holds data that this version did not write. Thrown inside
/// this backend only: the writer and the readers turn it into the Error of the call.
class Failure final : public std::exception {
public:
    Failure(int code, std::string message) : code_(code), message_(std::move(message)) {}
    /// From the connection's last error; from `code` when there is no connection.
    [[nodiscard]] static Failure of(sqlite3* connection, int code);
    /// The rows contradict each other, or hold bytes that this version cannot read.
    [[nodiscard]] static Failure corrupt(std::string what);

    /// Only some rows are damaged; others may be sound.
    [[nodiscard]] bool is_damage() const noexcept;
    /// SQLite's extended result code.
    [[nodiscard]] int code() const noexcept { return code_; }
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    /// For the caller of a port: what is wrong and what would help. No path.
    [[nodiscard]] Error to_error() const;

private:
    int code_;
    std::string message_;
};

/// The advice when a file cannot be opened because too many are open.
[[nodiscard]] std::string no_descriptor();

/// The error for the caller of a port: that of a Failure; else that memory is short, or that
/// something unexpected happened, whose text is for the log only.
[[nodiscard]] Error error_of(const std::exception& thrown);

}  // namespace a2akit::sqlite
