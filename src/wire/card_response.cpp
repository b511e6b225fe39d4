#include "wire/card_response.hpp"

#include "wire/media_type.hpp"
#include "wire/uri.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <ctime>

namespace a2akit::wire {
namespace {

constexpr std::string_view kCacheControl = "public, max-age=300";
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string make_etag(std::string_view body) {
    constexpr std::size_t kUsedBytes = 16;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(body.data(), body.size(), digest.data(), &size, EVP_sha256(), nullptr);
    std::string etag = "\"";
    for (std::size_t i = 0; i < kUsedBytes; ++i) etag += fmt::format("{:02x}", digest[i]);
    return etag + '"';
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::weekday weekday(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday.c_encoding()],
                       static_cast<unsigned>(date.day()),
                       kMonths[static_cast<unsigned>(date.month()) - 1],
                       static_cast<int>(date.year()), clock.hours().count(),
                       clock.minutes().count(), clock.seconds().count());
}

/// In any of the three forms of RFC 9110, section 5.6.7. Other text is ignored, which costs the
/// client only bytes.
std::optional<Timestamp> parse_http_date(std::string_view header) {
    const std::string text(trim(header));
    for (const char* const form :
         {"%a, %d %b %Y %T GMT", "%A, %d-%b-%y %T GMT", "%a %b %e %T %Y"}) {
        std::tm date{};
        const char* const end = strptime(text.c_str(), form, &date);
        if (end != nullptr && *end == '\0')
            return std::chrono::sys_seconds(std::chrono::seconds(timegm(&date)));
    }
    return std::nullopt;
}

/// If-None-Match compares weakly: W/"x" is as good as "x".
bool names_etag(std::string_view list, std::string_view etag) noexcept {
    while (!list.empty()) {
        std::string_view candidate = trim(take_until(list, ','));
        if (candidate == "*") return true;
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == etag) return true;
    }
    return false;
}

bool client_has_it(const CardDocument& card, const RequestHead& head) {
    const std::string_view etags = head.header("if-none-match");
    if (!etags.empty()) return names_etag(etags, card.etag);
    const auto since = parse_http_date(head.header("if-modified-since"));
    return since && std::chrono::floor<std::chrono::seconds>(card.modified) <= *since;
}

}  // namespace

CardDocument make_card_document(std::string body, Timestamp modified) {
    CardDocument card;
    card.etag = make_etag(body);
    card.body = std::move(body);
    card.last_modified = http_date(modified);
    card.modified = modified;
    return card;
}

HttpResponse card_response(const CardDocument& card, const RequestHead& head) {
    HttpResponse response;
    response.headers.emplace_back("ETag", card.etag);
    response.headers.emplace_back("Last-Modified", card.last_modified);
    response.headers.emplace_back("Cache-Control", kCacheControl);
    if (client_has_it(card, head)) {
        response.status = 304;
        return response;
    }
    response.content_type = kJson;
    response.body = card.body;
    return response;
}

}  // namespace a2akit::wire
