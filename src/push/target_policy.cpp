#include "push/target_policy.hpp"

#include "core/libcurl.hpp"

#include <a2akit/core/error.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace a2akit::push {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Address mapped(const void* four_bytes) {
    Address address{};
    std::memcpy(address.data(), kMapped.data(), kMapped.size());
    std::memcpy(address.data() + kMapped.size(), four_bytes, 4);
    return address;
}

bool is_mapped(const Address& address) {
    return std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

/// Not reachable from the internet, or reaching more than one host
/// (IANA's registries of special-purpose addresses).
constexpr std::array<std::string_view, 16> kSpecialIpv4{
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",   "255.255.255.255/32"};
constexpr std::array<std::string_view, 14> kSpecialIpv6{
    "::/96",     "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
    "2001::/23", "2001:db8::/32",   "2002::/16",    "3fff::/20",      "5f00::/16",
    "fc00::/7",  "fe80::/10",       "fec0::/10",    "ff00::/8"};

const std::vector<Network>& special_networks() {
    static const std::vector<Network> kAll = [] {
        std::vector<Network> all;
        for (const auto text : kSpecialIpv4) all.push_back(*Network::parse(text));
        for (const auto text : kSpecialIpv6) all.push_back(*Network::parse(text));
        return all;
    }();
    return kAll;
}

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> all;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view entry = trim(list.substr(0, comma));
        if (!entry.empty()) all.emplace_back(entry);
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return all;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return result;
}

/// A host's name in one form: lower case, without the dot that ends an absolute name.
std::string plain_name(std::string_view host) {
    std::string name = lower(host);
    while (name.ends_with('.')) name.pop_back();
    return name;
}

bool is_host_pattern(std::string_view pattern) {
    if (pattern.starts_with("*.")) pattern.remove_prefix(2);
    if (parse_address(pattern)) return true;
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    };
    return !pattern.empty() && std::ranges::all_of(pattern, allowed);
}

Result<std::vector<std::string>> read_hosts(const char* setting, const std::string& list) {
    std::vector<std::string> hosts;
    for (const std::string& entry : split(list)) {
        std::string pattern = plain_name(entry);
        if (!is_host_pattern(pattern)) {
            return fail(Error::invalid_field(
                setting, "\"" + entry +
                             "\" is not a host; use names such as hooks.example.com or "
                             "*.example.com, separated by commas"));
        }
        hosts.push_back(std::move(pattern));
    }
    return hosts;
}

bool is_among(const std::vector<std::string>& patterns, const std::string& name) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) {
        if (!pattern.starts_with("*.")) return name == pattern;
        return name.size() > pattern.size() - 1 && name.ends_with(pattern.substr(1));
    });
}

bool is_loopback_name(const std::string& name) {
    return name == "localhost" || name.ends_with(".localhost") || name == "ip6-localhost" ||
           name == "ip6-loopback" || name == "localhost.localdomain";
}

/// One part of a parsed URL; empty when it has none.
std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
    std::string copy = text;
    curl_free(text);
    return copy;
}

/// Other readers of URLs understand these in other ways, or not at all.
bool has_odd_characters(std::string_view url) {
    return std::ranges::any_of(url, [](char c) {
        return c <= ' ' || c >= 127 || c == '\\' || c == '"' || c == '<' || c == '>' || c == '^' ||
               c == '`' || c == '{' || c == '|' || c == '}';
    });
}

/// The host as it is written: what is between the scheme and the path.
std::string_view authority_of(std::string_view url) {
    const std::size_t begin = url.find("://");
    if (begin == std::string_view::npos) return {};
    url.remove_prefix(begin + 3);
    return url.substr(0, url.find_first_of("/?#"));
}

/// A name that some resolvers read as an IPv4 address: "127.1", "0x7f.1", "2130706433".
bool ends_in_a_number(std::string_view name) {
    const std::string_view last = name.substr(name.rfind('.') + 1);
    if (last.empty()) return false;
    const bool digits = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
    return digits || last.starts_with("0x");
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    const std::string copy(text);
    in_addr v4{};
    if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return mapped(&v4);
    Address address{};
    if (inet_pton(AF_INET6, copy.c_str(), address.data()) == 1) return address;
    return std::nullopt;
}

std::optional<Address> address_of(const sockaddr& address) {
    if (address.sa_family == AF_INET)
        return mapped(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    if (address.sa_family != AF_INET6) return std::nullopt;
    Address result{};
    std::memcpy(result.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
    return result;
}

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const bool v4 = text.find(':') == std::string_view::npos;
    const int most = v4 ? 32 : 128;
    int bits = most;
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(length.data(), length.data() + length.size(), bits);
        if (error != std::errc{} || end != length.data() + length.size() || bits < 0 ||
            bits > most || !(length[0] >= '0' && length[0] <= '9'))
            return std::nullopt;
    }
    return Network{*address, v4 ? bits + 96 : bits};
}

bool Network::holds(const Address& other) const noexcept {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                    other.begin()))
        return false;
    const int rest = bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00U >> static_cast<unsigned>(rest));
    return (address[whole] & mask) == (other[whole] & mask);
}

Result<TargetPolicy> TargetPolicy::make(const TargetPolicyOptions& options) {
    TargetPolicy policy;
    policy.allow_http_ = options.allow_http;
    for (const std::string& entry : split(options.allow_networks)) {
        const auto network = Network::parse(entry);
        if (!network) {
            return fail(Error::invalid_field(
                "A2AKIT_PUSH_ALLOW_NETWORKS",
                "\"" + entry +
                    "\" is not a network; use networks such as 10.1.0.0/16 or fd00::/8, separated "
                    "by commas"));
        }
        policy.allowed_networks_.push_back(*network);
    }
    auto allowed = read_hosts("A2AKIT_PUSH_ALLOW_HOSTS", options.allow_hosts);
    if (!allowed) return fail(std::move(allowed.error()));
    policy.allowed_hosts_ = std::move(*allowed);
    auto blocked = read_hosts("A2AKIT_PUSH_BLOCK_HOSTS", options.block_hosts);
    if (!blocked) return fail(std::move(blocked.error()));
    policy.blocked_hosts_ = std::move(*blocked);
    return policy;
}

std::optional<std::string> TargetPolicy::refuse_url(const std::string& url) const {
    const std::string wanted =
        allow_http_ ? "must be an http:// or https:// URL" : "must be an https:// URL";
    if (has_odd_characters(url)) return wanted + " of visible characters, others as %XX";
    const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
    if (!parsed) throw std::bad_alloc();
    if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) !=
        CURLUE_OK)
        return wanted;
    const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
    if (scheme != "https" && !(allow_http_ && scheme == "http")) return wanted;
    // libcurl forgives one slash, or three; others do not.
    const std::string_view authority = authority_of(url);
    if (lower(url).find(scheme + "://") != 0 || authority.empty()) return wanted;
    if (authority.find('@') != std::string_view::npos)
        return "must not hold a user name or a password; use authentication";
    if (authority.find('%') != std::string_view::npos)
        return "must name its host without %XX or a zone";
    if (part_of(parsed.get(), CURLUPART_PORT) == "0") return "must name a port from 1 to 65535";
    std::string host = part_of(parsed.get(), CURLUPART_HOST);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    const std::string name = plain_name(host);
    if (name.empty()) return wanted + " that names a host";
    if (is_among(blocked_hosts_, name)) return "names a host that webhooks must not have";
    if (!allowed_hosts_.empty() && !is_among(allowed_hosts_, name))
        return "names a host that webhooks may not have";
    const auto address = parse_address(name);
    if (!address && (ends_in_a_number(name) || name.find(':') != std::string::npos))
        return "must write an IPv4 address as four decimal numbers";
    // Written as IPv6, it would pass a filter of IPv4 addresses somewhere else.
    const bool disguised = address && is_mapped(*address) && name.find(':') != std::string::npos;
    if (disguised) return "must write an IPv4 address as four decimal numbers";
    const bool internal =
        address ? !allows(*address) : is_loopback_name(name) && !allows_any_loopback();
    if (internal) return "names an address that is not on the public internet";
    return std::nullopt;
}

bool TargetPolicy::allows(const sockaddr& address) const noexcept {
    const auto found = address_of(address);
    if (!found || (address.sa_family == AF_INET6 && is_mapped(*found))) return false;
    return allows(*found);
}

bool TargetPolicy::allows(const Address& address) const noexcept {
    const auto holds = [&](const Network& network) { return network.holds(address); };
    if (std::ranges::any_of(allowed_networks_, holds)) return true;
    return std::ranges::none_of(special_networks(), holds);
}

bool TargetPolicy::allows_any_loopback() const noexcept {
    return allows(*parse_address("127.0.0.1")) || allows(*parse_address("::1"));
}

}  // namespace a2akit::push
