#pragma once

#include "wire/codec.hpp"

namespace a2akit::wire::v1_0 {

/// Protocol 1.0 over JSON-RPC and HTTP+JSON.
[[nodiscard]] const wire::Codec& codec() noexcept;

}  // namespace a2akit::wire::v1_0
