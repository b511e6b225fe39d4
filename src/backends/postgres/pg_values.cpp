#include "backends/postgres/pg_values.hpp"

#include "backends/postgres/libpq.hpp"

#include <cstring>

namespace a2akit::postgres {
namespace {

constexpr std::uint32_t kUuidType = 2950;
constexpr std::uint32_t kBigintType = 20;

template <class T>
void put(std::string& out, T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
}

std::uint64_t number(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

Uuid to_uuid(std::string_view bytes) noexcept {
    Uuid id;
    if (bytes.size() == id.bytes.size())
        std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
    return id;
}

}  // namespace

void PgParams::begin(std::size_t length) {
    offsets_.push_back(static_cast<std::ptrdiff_t>(bytes_.size()));
    lengths_.push_back(static_cast<int>(length));
}

PgParams& PgParams::null() {
    offsets_.push_back(-1);
    lengths_.push_back(0);
    return *this;
}

PgParams& PgParams::add(std::int64_t value) {
    begin(8);
    put(bytes_, value);
    return *this;
}

PgParams& PgParams::add(std::int32_t value) {
    begin(4);
    put(bytes_, static_cast<std::uint32_t>(value));
    return *this;
}

PgParams& PgParams::add(bool value) {
    begin(1);
    bytes_ += value ? '\1' : '\0';
    return *this;
}

PgParams& PgParams::add(const Uuid& value) {
    begin(value.bytes.size());
    bytes_.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    return *this;
}

PgParams& PgParams::bytes(std::string_view value) {
    begin(value.size());
    bytes_ += value;
    return *this;
}

// Elements of `size` bytes each have to follow.
void PgParams::begin_array(std::uint32_t type, std::size_t count, std::size_t size) {
    begin(12 + (count != 0 ? 8 + count * (4 + size) : 0));
    put(bytes_, std::uint32_t{count != 0 ? 1U : 0U});  // dimensions
    put(bytes_, std::uint32_t{0});                     // no nulls
    put(bytes_, type);
    if (count == 0) return;
    put(bytes_, static_cast<std::uint32_t>(count));
    put(bytes_, std::uint32_t{1});  // the first index
}

PgParams& PgParams::i64s(const std::vector<std::int64_t>& values) {
    begin_array(kBigintType, values.size(), 8);
    for (const std::int64_t value : values) {
        put(bytes_, std::uint32_t{8});
        put(bytes_, value);
    }
    return *this;
}

PgParams& PgParams::uuids(const Uuid* values, std::size_t count) {
    begin_array(kUuidType, count, 16);
    for (std::size_t i = 0; i < count; ++i) {
        put(bytes_, std::uint32_t{16});
        bytes_.append(reinterpret_cast<const char*>(values[i].bytes.data()), 16);
    }
    return *this;
}

PgParams& PgParams::append(const PgParams& others) {
    const auto moved_by = static_cast<std::ptrdiff_t>(bytes_.size());
    bytes_ += others.bytes_;
    for (const std::ptrdiff_t offset : others.offsets_)
        offsets_.push_back(offset < 0 ? -1 : offset + moved_by);
    lengths_.insert(lengths_.end(), others.lengths_.begin(), others.lengths_.end());
    return *this;
}

std::vector<const char*> PgParams::values() const {
    std::vector<const char*> pointers;
    pointers.reserve(offsets_.size());
    for (const std::ptrdiff_t offset : offsets_) {
        pointers.push_back(offset < 0 ? nullptr : bytes_.data() + offset);
    }
    return pointers;
}

bool PgRow::is_null() const noexcept { return PQgetisnull(result_, row_, column_) != 0; }

std::string_view PgRow::take() noexcept {
    const int column = column_++;
    if (PQgetisnull(result_, row_, column) != 0) return {};
    return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

std::int64_t PgRow::i64() noexcept { return static_cast<std::int64_t>(number(take())); }
std::int32_t PgRow::i32() noexcept { return static_cast<std::int32_t>(number(take())); }
bool PgRow::boolean() noexcept { return number(take()) != 0; }
std::string_view PgRow::bytes() noexcept { return take(); }
Uuid PgRow::uuid() noexcept { return to_uuid(take()); }

std::optional<std::int64_t> PgRow::optional_i64() noexcept {
    if (!is_null()) return i64();
    skip();
    return std::nullopt;
}

std::optional<Uuid> PgRow::optional_uuid() noexcept {
    if (!is_null()) return uuid();
    skip();
    return std::nullopt;
}

// dimensions, has-nulls, type, then per dimension its size and first index, then each element with
// its length
template <class F>
void PgRow::each_element(F&& use) {
    std::string_view rest = take();
    if (rest.size() < 20) return;
    const std::uint64_t count = number(rest.substr(12, 4));
    rest.remove_prefix(20);
    for (std::uint64_t i = 0; i < count && rest.size() >= 4; ++i) {
        const std::uint64_t length = number(rest.substr(0, 4));
        rest.remove_prefix(4);
        if (length > rest.size()) continue;  // a null has length -1
        use(rest.substr(0, length));
        rest.remove_prefix(length);
    }
}

std::vector<std::string_view> PgRow::bytes_array() {
    std::vector<std::string_view> all;
    each_element([&all](std::string_view one) { all.push_back(one); });
    return all;
}

std::vector<Uuid> PgRow::uuid_array() {
    std::vector<Uuid> all;
    each_element([&all](std::string_view one) { all.push_back(to_uuid(one)); });
    return all;
}

std::vector<std::int64_t> PgRow::i64_array() {
    std::vector<std::int64_t> all;
    each_element(
        [&all](std::string_view one) { all.push_back(static_cast<std::int64_t>(number(one))); });
    return all;
}

int PgRows::size() const noexcept { return result_ ? PQntuples(result_.get()) : 0; }
void PgRows::free(pg_result* result) noexcept { PQclear(result); }

}  // namespace a2akit::postgres
