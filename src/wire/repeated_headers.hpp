#pragma once

#include "wire/endpoint.hpp"

namespace a2akit::wire {

/// Makes the first line of each header that is read tell everything: a list that came in several lines is put together
/// there (RFC 9110, section 5.3). kInvalidParams naming a header that must say one thing and says several.
[[nodiscard]] std::optional<Error> settle_repeated_headers(const RequestHead& head);

}  // namespace a2akit::wire
