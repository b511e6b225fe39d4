#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/protocol/requests.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// A push notification that has passed all checks.
struct PushNotification {
    std::string id;  ///< The webhook-id; empty when the sender does not name one.
    /// This id came before: the sender has not heard the answer. Answer with 2xx, and do nothing.
    bool repeated = false;
    std::string task_id;
    StreamResponse event;  ///< Specification 1.0, section 4.3.3.
};

struct PushReceiverOptions {
    /// The secrets that may have signed a notification ("whsec_…"), the newest first; more than one
    /// while they rotate.
    std::vector<std::string> secrets = {};
    /// The Ed25519 keys that may have signed it ("whpk_…", or the x of a key in the agent's JWKS
    /// behind that prefix).
    std::vector<std::string> public_keys = {};
    /// How old, or how far in the future, the time of a signed notification may be.
    Duration tolerance{std::chrono::minutes(5)};
    std::size_t max_body_bytes = std::size_t{10} << 20U;
    /// How many ids are remembered to find repeats.
    std::size_t max_remembered = 100'000;
};

/// The checks that a client's webhook makes before it believes a notification
/// (specification 1.0, section 13.2): that a key signed it (Standard Webhooks 1.0), that it is
/// recent, that its token was made for this one task, and that it was not processed before.
///
///     a2akit::PushReceiver receiver({.secrets = {"whsec_…"}});
///     const std::string token = receiver.new_token();   // into the configuration of one send
///     …
///     auto got = receiver.receive(headers, body);
///     if (!got) return 401;
///     if (!got->repeated) handle(got->event);
///     return 204;
///
/// Safe from any thread.
class PushReceiver {
public:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    /// Throws Exception (kInvalidParams) when a key cannot be read.
    explicit PushReceiver(PushReceiverOptions options);
    ~PushReceiver();
    PushReceiver(const PushReceiver&) = delete;
    PushReceiver& operator=(const PushReceiver&) = delete;

    /// A random token for one configuration. It belongs to the task of the first notification that
    /// carries it, and is refused from any other.
    [[nodiscard]] std::string new_token();
    /// The token belongs to this task from now on.
    void expect(std::string task_id, std::string token);
    /// Notifications with this token are refused from now on.
    void forget(const std::string& token);

    /// Checks the headers (names in any case) and the body of a POST. kUnauthenticated when a
    /// signature, a time or a token is missing or wrong; kInvalidParams when the body is not a
    /// StreamResponse of protocol 1.0. Once keys were given, a signature is needed; once a token
    /// was made or expected, a token is.
    Result<PushNotification> receive(const Headers& headers, std::string_view body);
    /// The same at a given time.
    Result<PushNotification> receive(const Headers& headers, std::string_view body, Timestamp now);
    /// The notification could not be processed, and its sender is told to try again: the next
    /// delivery under this id is not a repeat.
    void forget_id(const std::string& id);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace a2akit
