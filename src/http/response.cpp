#include "http/response.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace a2akit::http {
namespace {

constexpr std::size_t kChunkDigits = 8;

void append_number(std::string& out, std::size_t number) {
    std::array<char, 20> digits;
    char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
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
    if (response.status == 200) {
        out.append("HTTP/1.1 200 OK\r\n");
    } else {
        out.append("HTTP/1.1 ");
        append_number(out, static_cast<std::size_t>(response.status));
        out.append(" ").append(reason_phrase(response.status)).append("\r\n");
    }
    append_field(out, "Date", framing.date);
    if (!framing.request_id.empty()) append_field(out, "X-Request-Id", framing.request_id);
    if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    out.append(framing.extra).append(framing.cors);
    if (framing.chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    } else if (!framing.until_close && response.status != 204 && response.status != 304) {
        out.append("Content-Length: ");
        append_number(out, response.body.size());
        out.append("\r\n");
    }
    if (framing.close)
        out.append("Connection: close\r\n");
    else if (framing.http_1_0)
        out.append("Connection: keep-alive\r\n");
    out.append("\r\n");
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
