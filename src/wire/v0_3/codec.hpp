#pragma once

#include "wire/codec.hpp"

namespace a2akit::wire::v0_3 {

/// Protocol 0.3 over JSON-RPC and HTTP+JSON.
[[nodiscard]] const wire::Codec& codec() noexcept;

/// The JSON-RPC method of an operation; empty when 0.3 does not have it.
[[nodiscard]] std::string_view name_of(Operation operation) noexcept;

}  // namespace a2akit::wire::v0_3
