#pragma once

#include "net/ip_networks.hpp"
#include "security/address_slots.hpp"
#include "security/allowed_hosts.hpp"
#include "security/rate_limiter.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit::security {

/// As RequestContext::headers: names in lower case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of this name; empty when there is none.
[[nodiscard]] std::string_view header_of(const Headers& headers, std::string_view name) noexcept;

/// The web pages that may call an agent from a browser (the Fetch standard's CORS protocol).
class CorsOrigins {
public:
    /// None.
    CorsOrigins() = default;
    /// Origins separated by commas, such as "https://app.example", or "*". kInvalidParams naming
    /// the entry that is not an origin.
    static Result<CorsOrigins> parse(std::string_view list);

    /// Whole header lines for the response to a request with these headers; empty without an
    /// allowed Origin.
    [[nodiscard]] std::string fields(const Headers& headers) const;
    /// The same for the question that a browser asks before its request; nullopt when this is not
    /// such a question, or the origin is not allowed.
    [[nodiscard]] std::optional<Headers> preflight(std::string_view method,
                                                   const Headers& headers) const;

private:
    [[nodiscard]] bool allows(std::string_view origin) const;

    bool all_ = false;
    std::vector<std::string> origins_;
};

/// What the head of a request decides before anything else: which address it comes from, whether
/// that address asks too often, whether its Host is one of ours. One object for all loops; safe
/// from any thread.
struct Gate {
    AllowedHosts hosts;
    CorsOrigins cors;
    /// Forwarded headers count when they come from these.
    std::optional<net::IpNetworks> proxies;
    std::shared_ptr<RateLimiter> per_address;  ///< Null: no limit.
    /// Null: no limit on the connections of an address.
    std::shared_ptr<AddressSlots> connections;

    /// The address of the caller, which a trusted proxy names. Takes the forwarded headers out when
    /// they come from somebody else.
    [[nodiscard]] std::string caller(const std::string& peer, Headers& headers) const;
    /// Counts a connection, in `slot`. False: the address has too many. Proxies are not counted.
    [[nodiscard]] bool admits(const std::string& peer, AddressSlots::Slot& slot) const;
    /// Counts a call. How long the address has to wait; nullopt: not at all.
    [[nodiscard]] std::optional<Duration> over_rate(std::string_view address, SteadyTime now) const;
};

/// The key under which calls of an address are counted.
[[nodiscard]] std::string rate_key(std::string_view address);

}  // namespace a2akit::security
