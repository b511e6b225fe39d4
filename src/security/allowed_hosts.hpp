#pragma once

#include <a2akit/core/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace a2akit::security {

/// The hosts under which an agent is called. A web page that has its own name resolve to this
/// machine (DNS rebinding) sends its own name as Host, and is refused.
class AllowedHosts {
public:
    /// Every host.
    AllowedHosts() = default;
    /// Hosts separated by commas: "agents.example" (on any port), "agents.example:8443",
    /// "*.example" (each name below it), "*" (every host). kInvalidParams naming the entry that is
    /// none of these.
    static Result<AllowedHosts> parse(std::string_view list);
    /// The names and addresses of this machine's loopback interface, and `url`'s host if it is not
    /// empty.
    static AllowedHosts loopback(std::string_view url);

    /// `host` as the Host header has it, with a port or without. A request without one is not a
    /// browser's, and is allowed.
    [[nodiscard]] bool allows(std::string_view host) const;
    [[nodiscard]] bool allows_all() const noexcept { return !limited_; }

private:
    struct Entry {
        std::string name;  ///< In lower case; IPv6 in brackets.
        std::string port;  ///< Empty: any.
        bool below = false;
    };
    [[nodiscard]] static bool read(std::string_view text, Entry& entry);

    bool limited_ = false;
    bool loopback_ = false;
    std::vector<Entry> entries_;
};

}  // namespace a2akit::security
