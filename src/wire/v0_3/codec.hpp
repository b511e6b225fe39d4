#pragma once

#include "wire/codec.hpp"

namespace a2akit::wire::v0_3 {

/// Protocol 0.3 over JSON-RPC and HTTP+JSON.
[[nodiscard]] const wire::Codec& codec() noexcept;

}  // namespace a2akit::wire::v0_3
