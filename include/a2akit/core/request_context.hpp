#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// Of a tenant and of a principal's name, which are keys of Storage: an engine's index takes no longer ones.
inline constexpr std::size_t kMaxNameBytes = 256;

/// Who asks.
struct Principal {
    std::string name = {};  ///< Stable; tasks belong to it. At most kMaxNameBytes; empty: anonymous.
    std::vector<std::string> scopes = {};
    [[nodiscard]] bool is_anonymous() const noexcept { return name.empty(); }
};

/// What belongs to one request and must not be persisted: headers, secrets, what middlewares found out. It reaches
/// the handler as `ctx.request_context()`; Storage never sees it in clear, a log never sees its values.
struct RequestContext {
    /// Names in lower case, in the order received.
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// Set by middlewares; secrets go here.
    std::map<std::string, std::string, std::less<>> values = {};
    std::string remote_address = {};  ///< Empty in process.
    std::string request_id = {};      ///< X-Request-Id, or made up here.
    /// Who sent the message, as `ctx.principal()` says it. Filled in when a message is accepted: from the envelope's
    /// principal, whatever stood here.
    std::optional<Principal> sender = {};

    /// The first header of that name (in lower case); empty when there is none.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
    /// The value a middleware stored; empty when there is none.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept;
};

}  // namespace a2akit
