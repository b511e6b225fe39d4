#pragma once

#include <a2akit/core/ids.hpp>
#include <a2akit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace a2akit::postgres {

/// The parameters of one statement, in PostgreSQL's binary form.
class PgParams {
public:
    PgParams& null();
    PgParams& add(std::int64_t value);
    PgParams& add(std::int32_t value);
    PgParams& add(bool value);
    PgParams& add(const Uuid& value);
    PgParams& bytes(std::string_view value);
    PgParams& uuids(const Uuid* values, std::size_t count);
    PgParams& i64s(const std::vector<std::int64_t>& values);

    PgParams& add(std::uint64_t value) { return add(static_cast<std::int64_t>(value)); }
    PgParams& add(std::uint32_t value) { return add(static_cast<std::int32_t>(value)); }
    template <class T>
    PgParams& add(const std::optional<T>& value) {
        return value ? add(*value) : null();
    }
    /// Null instead of an empty text.
    PgParams& bytes_or_null(std::string_view value) {
        return value.empty() ? null() : bytes(value);
    }

    /// Adds all of `others` behind its own.
    PgParams& append(const PgParams& others);

    [[nodiscard]] int count() const noexcept { return static_cast<int>(lengths_.size()); }
    /// Null pointers stand for null values. Valid until something is added.
    [[nodiscard]] std::vector<const char*> values() const;
    [[nodiscard]] const int* lengths() const noexcept { return lengths_.data(); }

private:
    void begin(std::size_t length);
    void begin_array(std::uint32_t type, std::size_t count, std::size_t size);
    std::string bytes_;
    std::vector<std::ptrdiff_t> offsets_;  ///< -1: null
    std::vector<int> lengths_;
};

/// Reads the columns of one row from left to right.
class PgRow {
public:
    PgRow(const pg_result* result, int row) noexcept : result_(result), row_(row) {}

    [[nodiscard]] bool is_null() const noexcept;  ///< The next column.
    void skip() noexcept { ++column_; }
    std::int64_t i64() noexcept;  ///< 0 for null
    std::int32_t i32() noexcept;
    bool boolean() noexcept;
    std::string_view bytes() noexcept;  ///< Valid as long as the rows; empty for null.
    Uuid uuid() noexcept;
    std::vector<std::string_view> bytes_array();
    std::vector<Uuid> uuid_array();
    std::vector<std::int64_t> i64_array();

    std::optional<std::int64_t> optional_i64() noexcept;
    std::optional<Uuid> optional_uuid() noexcept;

private:
    std::string_view take() noexcept;
    template <class F>
    void each_element(F&& use);
    const pg_result* result_;
    int row_;
    int column_ = 0;
};

/// The result of a statement.
class PgRows {
public:
    PgRows() noexcept = default;
    explicit PgRows(pg_result* result) noexcept : result_(result, &free) {}

    [[nodiscard]] int size() const noexcept;
    /// REQUIRES: row < size()
    [[nodiscard]] PgRow operator[](int row) const noexcept { return {result_.get(), row}; }

private:
    static void free(pg_result* result) noexcept;
    std::unique_ptr<pg_result, void (*)(pg_result*) noexcept> result_{nullptr, &free};
};

}  // namespace a2akit::postgres
