#include "security/allowed_hosts.hpp"

#include "net/ip_networks.hpp"
#include "security/text.hpp"

#include <algorithm>

namespace a2akit::security {
namespace {

struct Authority {
    std::string_view name;
    std::string_view port;
};

/// nullopt is spelt as an empty name.
Authority split(std::string_view host) {
    const std::size_t literal = host.starts_with('[') ? host.find(']') : 0;
    if (literal == std::string_view::npos) return {};
    const std::size_t colon = host.find(':', literal);
    if (colon == std::string_view::npos) return {host, {}};
    return {host.substr(0, colon), host.substr(colon + 1)};
}

bool is_loopback(std::string_view name) {
    if (name == "localhost" || name.ends_with(".localhost")) return true;
    if (name.starts_with('[')) name = name.substr(1, name.size() - 2);
    const auto address = net::IpAddress::parse(name);
    return address && (*address == *net::IpAddress::parse("::1") ||
                       (address->is_v4() && address->owner().front() == '\x7f'));
}

bool is_host_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == ':' || c == '[' || c == ']';
}

}  // namespace

bool AllowedHosts::read(std::string_view text, Entry& entry) {
    entry.below = text.starts_with("*.");
    const std::string lower = lower_case(entry.below ? text.substr(1) : text);
    const Authority authority = split(lower);
    entry.name = authority.name;
    entry.port = authority.port;
    const bool digits =
        std::ranges::all_of(entry.port, [](char c) { return c >= '0' && c <= '9'; });
    return entry.name.size() > (entry.below ? 1 : 0) && digits &&
           std::ranges::all_of(lower, is_host_character);
}

Result<AllowedHosts> AllowedHosts::parse(std::string_view list) {
    AllowedHosts hosts;
    hosts.limited_ = true;
    for (const std::string_view item : split_list(list)) {
        if (item == "*") return AllowedHosts();
        Entry entry;
        if (!read(item, entry)) {
            return fail(ErrorCode::kInvalidParams,
                        "\"" + std::string(item) +
                            "\" is not a host; write agents.example, agents.example:8443, "
                            "*.example or *");
        }
        hosts.entries_.push_back(std::move(entry));
    }
    return hosts;
}

AllowedHosts AllowedHosts::loopback(std::string_view url) {
    AllowedHosts hosts;
    hosts.limited_ = true;
    hosts.loopback_ = true;
    if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) {
        url.remove_prefix(scheme + 3);
        Entry entry;
        // The port is that of a proxy, which may pass on another one.
        if (read(split(url.substr(0, url.find('/'))).name, entry))
            hosts.entries_.push_back(std::move(entry));
    }
    return hosts;
}

bool AllowedHosts::allows(std::string_view host) const {
    if (!limited_ || host.empty()) return true;
    // The usual ones, without a copy.
    const std::string_view plain = host.substr(0, host.find(':'));
    if (loopback_ && (plain == "127.0.0.1" || plain == "localhost")) return true;
    const std::string lower = lower_case(host);
    Authority authority = split(lower);
    if (authority.name.ends_with('.')) authority.name.remove_suffix(1);
    if (loopback_ && is_loopback(authority.name)) return true;
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        const bool named = entry.below ? authority.name.size() > entry.name.size() &&
                                             authority.name.ends_with(entry.name)
                                       : authority.name == entry.name;
        return named && (entry.port.empty() || entry.port == authority.port);
    });
}

}  // namespace a2akit::security
