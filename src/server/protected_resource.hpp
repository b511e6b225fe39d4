#pragma once

#include <string>
#include <vector>

namespace a2akit {

/// Where an agent's callers get their tokens (RFC 9728).
struct TokenSources {
    std::vector<std::string> authorization_servers;  ///< Issuers; empty: callers need no tokens.
    std::vector<std::string> scopes;                 ///< That a caller may need; may be empty.
};

/// The metadata of the protected resource at `url`, as JSON (RFC 9728, section 2). `name` and
/// `documentation` are those of the agent card; the latter may be empty.
[[nodiscard]] std::string protected_resource_metadata(const std::string& url,
                                                      const TokenSources& sources,
                                                      const std::string& name,
                                                      const std::string& documentation);

}  // namespace a2akit
