#pragma once

#include <a2akit/core/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace a2akit::push {

/// An IPv4 or IPv6 address; IPv4 as ::ffff:a.b.c.d, so that one form is compared.
using Address = std::array<std::uint8_t, 16>;

/// Reads "127.0.0.1" or "fc00::1", without brackets; nothing for any other text.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
/// Of an AF_INET or AF_INET6 address; nothing for another family.
[[nodiscard]] std::optional<Address> address_of(const sockaddr& address);

/// A block of addresses: the first `bits` of them are those of `address`.
struct Network {
    Address address{};
    int bits = 128;

    /// "10.0.0.0/8", "fc00::/7" or a single address.
    [[nodiscard]] static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] bool holds(const Address& address) const noexcept;
};

struct TargetPolicyOptions {
    bool allow_http = false;
    std::string allow_networks = {};  ///< Separated by commas.
    std::string allow_hosts = {};     ///< Names, or "*.example.com" for all names below.
    std::string block_hosts = {};     ///< Likewise.
};

/// Where webhooks may be. Keeps a client from using the agent to reach what only the agent can
/// reach: server-side request forgery (specification 1.0, section 13.2).
///
/// Immutable; safe from any thread.
class TargetPolicy {
public:
    /// kInvalidParams naming the setting that cannot be read.
    [[nodiscard]] static Result<TargetPolicy> make(const TargetPolicyOptions& options);

    /// Why nothing may be sent to this URL; nullopt when its form and its host are allowed. Looks
    /// up no name: `allows` decides about the address that the name turns out to have.
    [[nodiscard]] std::optional<std::string> refuse_url(const std::string& url) const;
    /// Whether a connection to this address may be made. Called with the very address that is about
    /// to be connected, for each attempt.
    [[nodiscard]] bool allows(const sockaddr& address) const noexcept;
    [[nodiscard]] bool allows(const Address& address) const noexcept;

    [[nodiscard]] bool allow_http() const noexcept { return allow_http_; }

private:
    [[nodiscard]] bool allows_any_loopback() const noexcept;

    bool allow_http_ = false;
    std::vector<Network> allowed_networks_;
    std::vector<std::string> allowed_hosts_;
    std::vector<std::string> blocked_hosts_;
};

}  // namespace a2akit::push
