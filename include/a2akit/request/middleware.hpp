#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace a2akit {

/// The name in RequestContext::values under which the server puts the name in the client's
/// certificate, once it has verified the certificate (docs/guides/tls.md). Without one it is
/// absent.
inline constexpr const char* kClientCertificate = "tls.client_certificate";

/// Sees every request before and after the TaskManager does.
///
/// `before_dispatch` runs in the order of registration, `after_dispatch` in reverse, for those
/// whose `before_dispatch` was started. Called on the loop of the request; one object serves all
/// requests, on several threads concurrently.
class Middleware {
public:
    virtual ~Middleware() = default;

    /// May change the envelope: move secrets from params to `context.values`, set the principal. An
    /// error ends the request here (kUnauthenticated with Details::challenge gives a 401).
    virtual AsyncResult<void> before_dispatch(RequestEnvelope& envelope) = 0;

    /// Called in the order of registration before the body of a large request is read, so that a
    /// client without credentials cannot make the server hold one. Decide here only what the
    /// headers tell; an error refuses the request. `before_dispatch` is called as well once the
    /// body is there, for each call of a batch, and finds the `values` of `context` as they were
    /// left here: what was verified does not have to be verified again. All else in `context` is a
    /// copy that is shared by all middlewares and discarded afterwards: a middleware whose
    /// `before_dispatch` sets headers for later ones has to set them here too. Default: no
    /// objection.
    virtual AsyncResult<void> before_body(RequestContext& context);

    /// Sees the outcome; for a stream, that it was opened. An error that is thrown or returned here
    /// is logged only.
    virtual AsyncResult<void> after_dispatch(const RequestEnvelope& envelope,
                                             const Result<Reply>& reply);
};

/// Checks "Authorization: Bearer …" by a callback of the application; nullopt means refused. The
/// client gets a 401 without a valid token. The callback is called once per request, for a large
/// one before its body is read; for a small batch once for each of its calls.
class BearerMiddleware final : public Middleware {
public:
    using Verify = std::function<Async<std::optional<Principal>>(std::string token)>;
    explicit BearerMiddleware(Verify verify, std::string realm = "a2a");
    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    AsyncResult<Principal> principal_of(const RequestContext& context);

    Verify verify_;
    std::string realm_;
};

/// Checks an API key in a header (compared in constant time). 401 without a valid one;
/// kInvalidParams for a header that is sent twice with different values.
class ApiKeyMiddleware final : public Middleware {
public:
    /// `keys`: key -> principal.
    explicit ApiKeyMiddleware(std::map<std::string, Principal> keys,
                              std::string header = "x-api-key");
    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    [[nodiscard]] Result<const Principal*> principal_of(const RequestContext& context) const;

    std::map<std::string, Principal> keys_;
    std::string header_;
};

}  // namespace a2akit
