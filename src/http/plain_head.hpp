#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::http {

/// The head of a request that needs no second thought. The views are into the bytes it was read
/// from.
struct PlainHead {
    std::string_view method;
    std::string_view target;
    std::size_t body_length = 0;
    std::size_t bytes = 0;  ///< Its size, with the empty line.
};

/// Reads a head that has arrived completely and holds only what nearly every client sends:
/// HTTP/1.1, one Host, at most one Content-Length of at most `max_body`, no other framing, a
/// connection that stays. Nullopt: read it with the parser that knows all of HTTP; `headers` is
/// unspecified.
[[nodiscard]] std::optional<PlainHead> read_plain_head(
    std::string_view bytes, std::size_t max_body,
    std::vector<std::pair<std::string, std::string>>& headers);

/// Nothing in it but what a host and a port are made of.
[[nodiscard]] bool may_be_host(std::string_view text) noexcept;

}  // namespace a2akit::http
