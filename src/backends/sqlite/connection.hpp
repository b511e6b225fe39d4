#pragma once

#include "backends/sqlite/failure.hpp"

#include <a2akit/storage/snapshot.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace a2akit::sqlite {

/// One use of a prepared statement: bind in order, step, read the columns in order. Its end resets
/// the statement, so text and blobs that were bound must live as long as this.
class Query {
public:
    explicit Query(sqlite3_stmt* statement) noexcept : statement_(statement) {}
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    Query& number(std::int64_t value);
    Query& blob(std::string_view bytes);
    Query& text(std::string_view text);
    Query& null();
    template <class Id>
        requires requires(const Id& id) { id.bytes.size(); }
    Query& id(const Id& id) {
        return blob({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
    }
    Query& maybe(std::optional<std::int64_t> value) { return value ? number(*value) : null(); }
    /// NULL for none.
    Query& maybe_blob(std::string_view bytes) { return bytes.empty() ? null() : blob(bytes); }

    /// The next row; false when there is none.
    bool step();
    /// Runs a statement that has no rows.
    void run();

    // The columns of the row, one after the other.
    [[nodiscard]] std::int64_t number();
    [[nodiscard]] std::optional<std::int64_t> maybe();
    [[nodiscard]] bool flag() { return number() != 0; }
    /// Of a blob or a text; empty for NULL. Lives until the next step.
    [[nodiscard]] std::string_view bytes();
    /// Whether the column that comes next is a blob.
    [[nodiscard]] bool next_is_blob() const;
    template <class Id>
    [[nodiscard]] Id id() {
        Id id;
        const std::string_view stored = bytes();
        if (stored.empty()) return id;
        if (stored.size() != id.bytes.size()) throw Failure::corrupt("an id has a wrong length");
        std::memcpy(id.bytes.data(), stored.data(), stored.size());
        return id;
    }

private:
    sqlite3_stmt* statement_;
    int bound_ = 0;
    int column_ = 0;
};

/// The task that a transaction of a reader has read last, and which parts of it.
struct LastRead {
    std::int64_t row = 0;
    std::optional<std::int32_t> history_length;
    bool include_artifacts = false;
    TaskSnapshot snapshot;
};

/// A connection with its prepared statements. Used by one thread at a time. Everything throws
/// Failure.
class Connection {
public:
    enum class Mode { kReadWrite, kReadOnly };
    Connection(const std::string& path, Mode mode, const char* vfs = nullptr);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// A prepared statement, made once. REQUIRES: `sql` is a literal: it is known by its address.
    [[nodiscard]] Query query(const char* sql);
    /// Runs any text, several statements too.
    void execute(const char* sql);
    /// The first column of the first row of a statement that is not kept.
    [[nodiscard]] std::int64_t number_of(const char* sql);
    [[nodiscard]] std::string text_of(const char* sql);

    /// For data that is read often and never changes: the names of owners, by their numbers.
    [[nodiscard]] std::unordered_map<std::int64_t, OwnerScope>& owners() noexcept {
        return owners_;
    }

    /// For callers that ask for the same within one transaction, and share what was read. The
    /// thread that ends the transaction empties it.
    [[nodiscard]] std::optional<LastRead>& last_read() noexcept { return last_read_; }

    [[nodiscard]] bool in_transaction() const noexcept;
    [[nodiscard]] sqlite3* handle() const noexcept { return handle_; }

private:
    [[nodiscard]] sqlite3_stmt* prepare(const char* sql);
    sqlite3* handle_ = nullptr;
    std::unordered_map<const char*, sqlite3_stmt*> statements_;
    std::unordered_map<std::int64_t, OwnerScope> owners_;
    std::optional<LastRead> last_read_;
};

}  // namespace a2akit::sqlite
