#include "http/response.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace a2akit::http {
namespace {

constexpr std::size_t kChunkDigits = 8;

/// Appends all of them; the string grows once.
template <class... Piece>
void append(std::string& out, const Piece&... piece) {
    const std::size_t before = out.size();
    out.resize(before + (std::string_view(piece).size() + ...));
    char* to = out.data() + before;
    const auto put = [&to](std::string_view text) {
        to = std::copy_n(text.data(), text.size(), to);
    };
    (put(piece), ...);
}

/// A field's name, or nothing where the value is empty.
std::string_view name_for(std::string_view value, std::string_view name) noexcept {
    return value.empty() ? std::string_view() : name;
}

}  // namespace

std::string_view DateLine::now() {
    std::timespec time{};
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    if (time.tv_sec == second_) return text_;
    second_ = time.tv_sec;
    std::tm at{};
    gmtime_r(&second_, &at);
    static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    text_ = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                        kDays[static_cast<std::size_t>(at.tm_wday)], at.tm_mday,
                        kMonths[static_cast<std::size_t>(at.tm_mon)], at.tm_year + 1900, at.tm_hour,
                        at.tm_min, at.tm_sec);
    return text_;
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return "Status";
    }
}

void append_head(std::string& out, const wire::HttpResponse& response, const Framing& framing) {
    if (response.status == 200)
        out.append("HTTP/1.1 200 OK");
    else
        fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}", response.status,
                       reason_phrase(response.status));
    append(out, "\r\nDate: ", framing.date, name_for(framing.request_id, "\r\nX-Request-Id: "),
           framing.request_id, name_for(response.content_type, "\r\nContent-Type: "),
           response.content_type, "\r\n");
    for (const auto& [name, value] : response.headers) append(out, name, ": ", value, "\r\n");
    const bool sized = !framing.chunked && !framing.until_close && response.status != 204 &&
                       response.status != 304;
    std::array<char, 20> digits;
    const char* const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), response.body.size()).ptr;
    const std::string_view length(digits.data(), sized ? end : digits.data());
    std::string_view rest = "\r\n";
    if (framing.close)
        rest = "Connection: close\r\n\r\n";
    else if (framing.http_1_0)
        rest = "Connection: keep-alive\r\n\r\n";
    append(out, framing.extra, framing.cors,
           framing.chunked ? "Transfer-Encoding: chunked\r\n" : std::string_view(),
           name_for(length, "Content-Length: "), length, name_for(length, "\r\n"), rest);
}

std::size_t begin_chunk(std::string& out) {
    const std::size_t at = out.size();
    out.append(kChunkDigits, '0').append("\r\n");
    return at;
}

void end_chunk(std::string& out, std::size_t at) {
    std::size_t length = out.size() - at - kChunkDigits - 2;
    for (std::size_t digit = kChunkDigits; length != 0; length /= 16) {
        out[at + --digit] = "0123456789abcdef"[length % 16];
    }
    out.append("\r\n");
}

}  // namespace a2akit::http
