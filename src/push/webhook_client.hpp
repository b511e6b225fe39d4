#pragma once

#include "push/target_policy.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/core/clock.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace a2akit::push {

/// One POST to a webhook.
struct WebhookRequest {
    std::string url;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

/// What a webhook answered.
struct WebhookAnswer {
    int status = 0;                         ///< 0: there was no answer, see `problem`.
    std::optional<Duration> retry_after{};  ///< From Retry-After.
    std::string problem{};                  ///< Human-readable, without secrets.
};

struct WebhookClientOptions {
    Duration timeout{std::chrono::seconds(15)};  ///< From looking up the name to the answer.
    /// "host:port:address" as for CURLOPT_RESOLVE: names that the tests make up.
    std::vector<std::string> resolve = {};
    std::string ca_file = {};  ///< Empty: the system's.
};

/// Sends webhooks, many at a time, on one thread of its own: handshakes of TLS and slow name
/// servers hold nothing else up.
///
/// Every connection is made to an address that the policy allows, checked where the connection is
/// made. Redirects are not followed, proxies of the environment are not used, and of an answer only
/// its head is read.
class WebhookClient {
public:
    /// REQUIRES: `policy` outlives it.
    WebhookClient(const TargetPolicy& policy, WebhookClientOptions options);
    /// Ends what is under way as failed; returns when nothing runs any more. REQUIRES: no
    /// coroutine waits in `post` on a loop that has stopped.
    ~WebhookClient();
    WebhookClient(const WebhookClient&) = delete;
    WebhookClient& operator=(const WebhookClient&) = delete;

    /// From any loop; continues on that loop.
    Async<WebhookAnswer> post(WebhookRequest request);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace a2akit::push
