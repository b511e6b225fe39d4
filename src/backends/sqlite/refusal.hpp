#pragma once

#include "backends/sqlite/failure.hpp"

#include <a2akit/core/error.hpp>

#include <cstdint>
#include <string>

// The reasons why a file is not used, for the operator who starts the process.

namespace a2akit::sqlite {

[[nodiscard]] Error refused(const std::string& path, const std::string& why);
[[nodiscard]] std::string why_of(const Failure& failure);
[[nodiscard]] std::string of_another_application();
/// `version`: of the file's schema.
[[nodiscard]] std::string of_a_newer_version(std::int64_t version);

}  // namespace a2akit::sqlite
