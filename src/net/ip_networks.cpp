#include "net/ip_networks.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace a2akit::net {
namespace {

constexpr std::size_t kV4At = 12;

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::optional<unsigned> prefix_length(std::string_view text, unsigned most) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number > most)
        return std::nullopt;
    return number;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string copy(text.substr(0, text.find('%')));
    IpAddress address;
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
    address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data() + kV4At) == 1) return address;
    return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
    static constexpr std::array<std::uint8_t, kV4At> kMapped{0, 0, 0, 0, 0,   0,
                                                             0, 0, 0, 0, 255, 255};
    return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
}

std::string_view IpAddress::owner() const noexcept {
    const auto* const data = reinterpret_cast<const char*>(bytes.data());
    return is_v4() ? std::string_view(data + kV4At, 4) : std::string_view(data, 8);
}

Result<IpNetworks> IpNetworks::parse(std::string_view list) {
    IpNetworks networks;
    while (!list.empty()) {
        const std::string_view entry = trimmed(list.substr(0, list.find(',')));
        list.remove_prefix(std::min(list.size(), std::min(list.find(','), list.size()) + 1));
        if (entry.empty()) continue;
        const std::size_t slash = entry.find('/');
        const auto address = IpAddress::parse(entry.substr(0, slash));
        Network network;
        std::optional<unsigned> bits = 128;
        if (address) {
            network.address = *address;
            const bool v4 = entry.find(':') == std::string_view::npos;
            if (slash != std::string_view::npos) {
                bits = prefix_length(entry.substr(slash + 1), v4 ? 32 : 128);
                if (bits && v4) *bits += 96;
            }
        }
        if (!address || !bits) {
            return fail(ErrorCode::kInvalidParams,
                        "\"" + std::string(entry) +
                            "\" is not a network; write 10.0.0.0/8, 192.168.1.7 or fd00::/8");
        }
        network.bits = *bits;
        networks.networks_.push_back(network);
    }
    return networks;
}

bool IpNetworks::contains(const IpAddress& address) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
        const std::size_t whole = network.bits / 8;
        const unsigned rest = network.bits % 8;
        const auto& wanted = network.address.bytes;
        if (!std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(whole),
                        address.bytes.begin()))
            return false;
        return rest == 0 || ((wanted[whole] ^ address.bytes[whole]) >> (8 - rest)) == 0;
    });
}

}  // namespace a2akit::net
