#pragma once

#include "wire/client_codec.hpp"

namespace a2akit::wire::v0_3 {

[[nodiscard]] const ClientCodec& client_codec() noexcept;

}  // namespace a2akit::wire::v0_3
