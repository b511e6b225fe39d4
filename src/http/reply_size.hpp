#pragma once

#include <a2akit/request/request_envelope.hpp>

#include <cstddef>

namespace a2akit::http {

/// Estimates the size of a response before it is encoded, from the texts, data and bytes of its
/// messages and artifacts. Looks at each of them once; the cost does not depend on their sizes.
[[nodiscard]] std::size_t content_size(const Reply& reply);
/// The same for an event of a stream.
[[nodiscard]] std::size_t content_size(const StreamItem& item);

}  // namespace a2akit::http
