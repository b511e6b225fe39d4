#pragma once

#include "wire/endpoint.hpp"

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace a2akit::http {

/// "Tue, 24 Nov 2026 00:10:00 GMT", written anew once a second. One per loop.
class DateLine {
public:
    [[nodiscard]] std::string_view now();

private:
    std::time_t second_ = -1;
    std::string text_;
};

/// Fields of a response's head that do not follow from the response itself.
struct Framing {
    std::string_view date;
    std::string_view extra;       ///< Whole lines: what every response of the server carries.
    std::string_view cors;        ///< Whole lines: what a browser has to know.
    std::string_view request_id;  ///< Empty: the header is left out.
    bool close = false;
    bool http_1_0 = false;     ///< The client speaks 1.0: keep-alive needs a header.
    bool chunked = false;      ///< A stream, in chunks; otherwise Content-Length.
    bool until_close = false;  ///< A stream that ends with the connection.
};

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// Appends status line, headers and the empty line.
void append_head(std::string& out, const wire::HttpResponse& response, const Framing& framing);

/// Appends room for the head of a chunk; `end_chunk` fills it in once the chunk's bytes follow.
/// Returns where it is.
[[nodiscard]] std::size_t begin_chunk(std::string& out);
void end_chunk(std::string& out, std::size_t at);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace a2akit::http
