#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/client_options.hpp>
#include <a2akit/client/credentials.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace a2akit::client {

class TokenKeeper;

/// Adds the credentials that the card asks for to requests (specification 1.0, section 7). Safe
/// from any loop.
class Authenticator {
public:
    /// Whether credentials may be sent to the origin of a URL.
    using IsHome = std::function<bool(const std::string& url)>;

    /// Chooses the first of the card's requirements that `options.credentials` satisfy. Throws
    /// Exception: kUnauthenticated when there are credentials, but none that the card asks for;
    /// kPermissionDenied when a secret would go to an origin that it was not given for.
    Authenticator(const AgentCard& card, const ClientOptions& options,
                  std::shared_ptr<HttpClient> http, const IsHome& is_home);
    ~Authenticator();
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;

    /// `refused`: the agent refused the credentials of the last attempt.
    AsyncResult<void> apply(HttpRequest& request, bool refused);
    /// Whether it makes sense to try again with fresh credentials.
    [[nodiscard]] bool can_refresh() const noexcept;

private:
    struct Chosen {
        SecurityScheme scheme;
        Credential credential;
        std::unique_ptr<TokenKeeper> keeper;  ///< Of an OAuthClient; otherwise null.
    };
    AsyncResult<std::string> token(Chosen& chosen, bool refused);

    std::vector<Chosen> chosen_;
};

}  // namespace a2akit::client
