#include "backends/sqlite/connection.hpp"

#include <sqlite3.h>

namespace a2akit::sqlite {
namespace {

void check(int code, sqlite3* connection) {
    if (code != SQLITE_OK) throw Failure::of(connection, code);
}

}  // namespace

Query::~Query() {
    sqlite3_reset(statement_);
    if (bound_ > 0) sqlite3_clear_bindings(statement_);
}

Query& Query::number(std::int64_t value) {
    check(sqlite3_bind_int64(statement_, ++bound_, value), sqlite3_db_handle(statement_));
    return *this;
}

Query& Query::blob(std::string_view bytes) {
    const void* data = bytes.data() == nullptr ? "" : bytes.data();
    check(sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC),
          sqlite3_db_handle(statement_));
    return *this;
}

Query& Query::text(std::string_view text) {
    const char* data = text.data() == nullptr ? "" : text.data();
    check(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_STATIC, SQLITE_UTF8),
          sqlite3_db_handle(statement_));
    return *this;
}

Query& Query::null() {
    check(sqlite3_bind_null(statement_, ++bound_), sqlite3_db_handle(statement_));
    return *this;
}

bool Query::step() {
    column_ = 0;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    throw Failure::of(sqlite3_db_handle(statement_), code);
}

void Query::run() {
    while (step()) {
    }
}

std::int64_t Query::number() { return sqlite3_column_int64(statement_, column_++); }

std::optional<std::int64_t> Query::maybe() {
    if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return number();
    ++column_;
    return std::nullopt;
}

std::string_view Query::bytes() {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
    const int size = sqlite3_column_bytes(statement_, column_++);
    return data == nullptr ? std::string_view()
                           : std::string_view(data, static_cast<std::size_t>(size));
}

bool Query::next_is_blob() const { return sqlite3_column_type(statement_, column_) == SQLITE_BLOB; }

Connection::Connection(const std::string& path, Mode mode, const char* vfs) {
    const int flags = mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                               : SQLITE_OPEN_READONLY;
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, vfs);
    if (code == SQLITE_OK) return;
    const Failure failure = Failure::of(handle_, code);
    sqlite3_close_v2(handle_);
    throw failure;
}

Connection::~Connection() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close_v2(handle_);
}

sqlite3_stmt* Connection::prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
          handle_);
    return statement;
}

Query Connection::query(const char* sql) {
    sqlite3_stmt*& statement = statements_[sql];
    if (statement == nullptr) statement = prepare(sql);
    return Query(statement);
}

void Connection::execute(const char* sql) {
    check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr), handle_);
}

std::int64_t Connection::number_of(const char* sql) {
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepare(sql),
                                                                               &sqlite3_finalize);
    Query query(statement.get());
    return query.step() ? query.number() : 0;
}

std::string Connection::text_of(const char* sql) {
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepare(sql),
                                                                               &sqlite3_finalize);
    Query query(statement.get());
    return query.step() ? std::string(query.bytes()) : std::string();
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle_) == 0; }

}  // namespace a2akit::sqlite
