#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace a2akit::wire {

/// The version named by the header, or else by the query; empty when neither names one.
[[nodiscard]] std::string requested_version(std::string_view header, std::string_view query);

/// The version that the text of A2A-Version names, whatever its patch number; nullopt when it is
/// empty or names another version.
[[nodiscard]] std::optional<Version> known_version(std::string_view text) noexcept;

/// The version that a request is read in. `in_v0_3`: its path or method exists in 0.3, so that
/// without a version 0.3 is meant; elsewhere it is read as 1.0 (docs/adr/0002-version-header.md).
/// kVersionNotSupported when it is not served.
[[nodiscard]] Result<Version> choose_version(std::string_view requested, bool in_v0_3,
                                             const Versions& served);

/// The version in which to refuse a request that cannot be read far enough to tell its version from
/// its path or method.
[[nodiscard]] Version version_for_errors(std::string_view requested,
                                         const Versions& served) noexcept;

}  // namespace a2akit::wire
