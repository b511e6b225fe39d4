#pragma once

#include <a2akit/request/request_envelope.hpp>

#include <cstddef>

namespace a2akit::http {

/// About how many bytes the answer will have, before it is made: what the texts, data and bytes of
/// its messages and artifacts take. Costs a look at each of them, whatever their size.
[[nodiscard]] std::size_t content_size(const Reply& reply);
/// The same for an event of a stream.
[[nodiscard]] std::size_t content_size(const StreamItem& item);

}  // namespace a2akit::http
