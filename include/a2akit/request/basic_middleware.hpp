#pragma once

#include <a2akit/request/middleware.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace a2akit {

/// Checks "Authorization: Basic …" (RFC 7617) by a callback of the application; nullopt means
/// refused. 401 without valid credentials.
///
/// Passwords can be guessed: an address that has sent twenty wrong ones is answered with 429,
/// without being checked, but for one attempt a second. The callback is called twice for a large
/// request, before its body is read and when it is handled, and once for each call of a batch.
class BasicMiddleware final : public Middleware {
public:
    using Verify =
        std::function<Async<std::optional<Principal>>(std::string user, std::string password)>;
    explicit BasicMiddleware(Verify verify, std::string realm = "a2a");
    ~BasicMiddleware() override;
    AsyncResult<void> before_body(RequestContext& context) override;
    AsyncResult<void> before_dispatch(RequestEnvelope& envelope) override;

private:
    struct Guard;
    AsyncResult<Principal> principal_of(const RequestContext& context);

    Verify verify_;
    std::string realm_;
    std::unique_ptr<Guard> guard_;
};

}  // namespace a2akit
