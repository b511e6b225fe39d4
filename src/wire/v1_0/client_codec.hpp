#pragma once

#include "wire/client_codec.hpp"

namespace a2akit::wire::v1_0 {

[[nodiscard]] const ClientCodec& client_codec() noexcept;

}  // namespace a2akit::wire::v1_0
