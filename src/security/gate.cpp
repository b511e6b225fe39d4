#include "security/gate.hpp"

#include "security/text.hpp"

#include <algorithm>
#include <array>

namespace a2akit::security {
namespace {

constexpr std::string_view kExposed =
    "Access-Control-Expose-Headers: A2A-Extensions, X-A2A-Extensions, ETag, Retry-After, "
    "WWW-Authenticate, X-Request-Id\r\n";
constexpr std::size_t kLongestList = 1024;
constexpr std::array<std::string_view, 6> kForwarded{"forwarded",         "x-forwarded-for",
                                                     "x-forwarded-host",  "x-forwarded-port",
                                                     "x-forwarded-proto", "x-forwarded-prefix"};

/// scheme://host or scheme://host:port, as browsers write it.
bool is_origin(std::string_view text) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return false;
    const std::string_view authority = text.substr(scheme + 3);
    return !authority.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               std::string_view(":/.-[]_+").find(c) != std::string_view::npos;
    }) && authority.find('/') == std::string_view::npos;
}

/// Names of headers and commas, which may be repeated in a response.
bool is_field_list(std::string_view text) {
    return text.size() <= kLongestList && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == ',' || c == ' ';
           });
}

/// A hop without quotes, brackets and port.
std::string_view bare(std::string_view hop) {
    if (hop.starts_with('"') && hop.ends_with('"') && hop.size() >= 2)
        hop = hop.substr(1, hop.size() - 2);
    if (hop.starts_with('[')) return hop.substr(1, std::min(hop.find(']'), hop.size()) - 1);
    return std::ranges::count(hop, ':') == 1 ? hop.substr(0, hop.find(':')) : hop;
}

/// The value of "for" in one element of Forwarded (RFC 7239).
std::string_view for_of(std::string_view element) {
    while (!element.empty()) {
        const std::string_view pair = trim(element.substr(0, element.find(';')));
        if (pair.size() > 4 && lower_case(pair.substr(0, 4)) == "for=") return pair.substr(4);
        element.remove_prefix(std::min(element.find(';'), element.size() - 1) + 1);
    }
    return {};
}

/// The hops that the headers of this name list, from the client to the nearest proxy.
std::vector<std::string_view> hops(const Headers& headers, std::string_view name) {
    std::vector<std::string_view> all;
    for (const auto& [field, value] : headers) {
        if (field != name) continue;
        for (const std::string_view entry : split_list(value)) {
            all.push_back(name == "forwarded" ? for_of(entry) : entry);
        }
    }
    return all;
}

}  // namespace

std::string_view header_of(const Headers& headers, std::string_view name) noexcept {
    for (const auto& [field, value] : headers) {
        if (field == name) return value;
    }
    return {};
}

Result<CorsOrigins> CorsOrigins::parse(std::string_view list) {
    CorsOrigins cors;
    for (const std::string_view entry : split_list(list)) {
        if (entry == "*") {
            cors.all_ = true;
        } else if (is_origin(entry)) {
            cors.origins_.emplace_back(entry);
        } else {
            return fail(ErrorCode::kInvalidParams,
                        "\"" + std::string(entry) +
                            "\" is not an origin; write https://app.example, with a port if it is "
                            "not the usual one and without a path, or *");
        }
    }
    return cors;
}

bool CorsOrigins::allows(std::string_view origin) const {
    return !origin.empty() &&
           (all_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end());
}

std::string CorsOrigins::fields(const Headers& headers) const {
    if (!all_ && origins_.empty()) return {};
    const std::string_view origin = header_of(headers, "origin");
    std::string lines;
    if (allows(origin)) {
        lines.append("Access-Control-Allow-Origin: ").append(all_ ? "*" : origin).append("\r\n");
        lines.append(kExposed);
    }
    if (!all_) lines.append("Vary: Origin\r\n");
    return lines;
}

std::optional<Headers> CorsOrigins::preflight(std::string_view method,
                                              const Headers& headers) const {
    if (method != "OPTIONS" || !allows(header_of(headers, "origin")) ||
        header_of(headers, "access-control-request-method").empty())
        return std::nullopt;
    Headers fields{{"Access-Control-Allow-Methods", "GET, POST, DELETE"},
                   {"Access-Control-Max-Age", "600"}};
    const std::string_view asked = header_of(headers, "access-control-request-headers");
    if (!asked.empty() && is_field_list(asked))
        fields.emplace_back("Access-Control-Allow-Headers", asked);
    return fields;
}

std::string Gate::caller(const std::string& peer, Headers& headers) const {
    if (!proxies) return peer;
    const auto direct = net::IpAddress::parse(peer);
    if (!direct || !proxies->contains(*direct)) {
        std::erase_if(headers, [](const auto& field) {
            return std::ranges::find(kForwarded, field.first) != kForwarded.end();
        });
        return peer;
    }
    std::vector<std::string_view> path = hops(headers, "x-forwarded-for");
    if (path.empty()) path = hops(headers, "forwarded");
    std::string caller = peer;
    // The nearest proxy wrote the last entry. The first address that is not a proxy's is the
    // caller's; what stands before it is only what the caller said.
    for (auto hop = path.rbegin(); hop != path.rend(); ++hop) {
        const auto address = net::IpAddress::parse(bare(*hop));
        if (!address) break;
        caller = bare(*hop);
        if (!proxies->contains(*address)) break;
    }
    return caller;
}

bool Gate::admits(const std::string& peer, AddressSlots::Slot& slot) const {
    if (!connections) return true;
    const auto address = net::IpAddress::parse(peer);
    if (proxies && address && proxies->contains(*address)) return true;
    slot = connections->take(rate_key(peer));
    return static_cast<bool>(slot);
}

std::optional<Duration> Gate::over_rate(std::string_view address, SteadyTime now) const {
    if (!per_address) return std::nullopt;
    return per_address->take(rate_key(address), now);
}

std::string rate_key(std::string_view address) {
    const auto parsed = net::IpAddress::parse(address);
    return std::string(parsed ? parsed->owner() : address);
}

}  // namespace a2akit::security
