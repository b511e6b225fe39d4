#pragma once

#include "backends/sqlite/connection.hpp"

#include <cstdint>
#include <span>

namespace a2akit::sqlite {

/// "A2AK": says in the file's header whose file it is.
inline constexpr std::int64_t kApplicationId = 0x4132414B;
/// The schema that this version writes.
[[nodiscard]] int newest_schema() noexcept;

/// Brings the schema from `version` to the newest one, each step in a transaction of its own. 0: an
/// empty file.
void migrate(Connection& connection, int version);
/// The same with these steps: the one at place n leads from version n to n + 1.
void migrate(Connection& connection, int version, std::span<const char* const> steps);
/// Throws Failure when a table or an index is missing that the newest schema has.
void check_schema(Connection& connection);

/// `log` and `messages` are keyed by task and place, in one integer: rows of one task lie together.
inline constexpr int kPlaceBits = 24;
inline constexpr std::int64_t kMaxPlace = (std::int64_t{1} << kPlaceBits) - 1;
[[nodiscard]] constexpr std::int64_t key_of(std::int64_t task, std::uint64_t place) noexcept {
    return (task << kPlaceBits) | static_cast<std::int64_t>(place);
}
[[nodiscard]] constexpr std::uint64_t place_of(std::int64_t key) noexcept {
    return static_cast<std::uint64_t>(key & kMaxPlace);
}

}  // namespace a2akit::sqlite
