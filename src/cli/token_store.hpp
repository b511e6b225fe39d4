#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace a2akit::cli {

/// A token that `auth login` fetched for one agent, and what is needed to renew it.
struct StoredToken {
    std::string access_token;
    std::string refresh_token;    ///< Empty: it can't be renewed.
    std::int64_t expires_at = 0;  ///< Seconds since 1970; 0: unknown.
    std::string token_url;
    std::string client_id;
};

/// Tokens below ~/.config/a2a-cli/tokens, one file per origin of an agent, readable by their owner
/// only.
[[nodiscard]] std::optional<StoredToken> load_token(const std::string& origin);
void save_token(const std::string& origin, const StoredToken& token);
/// False when there was none.
bool remove_token(const std::string& origin);

}  // namespace a2akit::cli
