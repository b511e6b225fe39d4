#pragma once

#include "wire/endpoint.hpp"

namespace a2akit::wire {

/// Makes the first line of each header complete: a list that was sent in several lines is joined
/// there (RFC 9110, section 5.3). kInvalidParams naming a header that may have one value only and
/// has several.
[[nodiscard]] std::optional<Error> settle_repeated_headers(const RequestHead& head);

}  // namespace a2akit::wire
