#pragma once

#include <a2akit/core/result.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::net {

/// An IPv4 or IPv6 address as 16 bytes. IPv4 is ::ffff:a.b.c.d, so that a mapped address is the
/// same as the IPv4 address.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    /// nullopt when the text is not an address. A zone ("%eth0") is left out.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    [[nodiscard]] bool is_v4() const noexcept;
    /// The IPv4 address, or the first 64 bits of an IPv6 address: a single host commonly owns all
    /// addresses that share them.
    [[nodiscard]] std::string_view owner() const noexcept;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// A list such as "10.0.0.0/8, 192.168.1.7, fd00::/8".
class IpNetworks {
public:
    /// kInvalidParams, naming the entry that is not a network.
    static Result<IpNetworks> parse(std::string_view list);
    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    [[nodiscard]] bool empty() const noexcept { return networks_.empty(); }

private:
    struct Network {
        IpAddress address;
        unsigned bits = 128;
    };
    std::vector<Network> networks_;
};

}  // namespace a2akit::net
