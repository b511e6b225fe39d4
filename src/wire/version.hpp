#pragma once

#include <a2akit/core/result.hpp>

#include <string_view>

namespace a2akit::wire {

/// The version named by the header, or else by the query; empty when neither names one.
[[nodiscard]] std::string requested_version(std::string_view header, std::string_view query);

/// Refuses what is no 1.0 (kVersionNotSupported). `shared_with_v03`: the path or method exists in 0.3 as well, so that
/// a missing version means 0.3 there; elsewhere it is read as 1.0 (docs/adr/0002-version-header.md).
[[nodiscard]] Result<void> check_version(std::string_view version, bool shared_with_v03);

/// True for a JSON-RPC method of protocol 0.3, such as "message/send".
[[nodiscard]] bool is_v03_method(std::string_view method) noexcept;

}  // namespace a2akit::wire
