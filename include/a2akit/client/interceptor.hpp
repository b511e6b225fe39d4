#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/error.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// One HTTP request of a client, before it is sent.
struct ClientRequest {
    std::string_view operation = {};  ///< "SendMessage" and so on; "AgentCard" for the card.
    std::string method = {};          ///< "GET", "POST" or "DELETE".
    std::string url = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
    int attempt = 1;  ///< 2 for the first repeat of a call or the first resumption of a stream.
};

/// Sees every request of a client, repeats and resumptions included. One object may serve several
/// clients: its calls come from the thread or loop of each call.
class Interceptor {
public:
    virtual ~Interceptor() = default;

    /// May change the headers and the body. An error ends the call with that error.
    virtual AsyncResult<void> before(ClientRequest& request) {
        (void)request;
        return Result<void>();
    }
    /// `status`: of the response's head; 0 when there is none, and `failure` says why.
    virtual void after(const ClientRequest& request, int status, const Error* failure) {
        (void)request, (void)status, (void)failure;
    }
    /// Bytes of the response's body as they came: a whole body, or the next piece of a stream.
    virtual void received(const ClientRequest& request, std::string_view bytes) {
        (void)request, (void)bytes;
    }
};

}  // namespace a2akit
