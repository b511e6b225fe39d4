#pragma once

#include <a2akit/core/async.hpp>

#include "wire/endpoint.hpp"

#include <string>

namespace a2akit::http {

/// The resources that are served besides the eleven operations, and the handler of the operations.
/// One object for all loops.
class Site {
public:
    virtual ~Site() = default;
    [[nodiscard]] virtual RequestHandler& handler() noexcept = 0;
    /// The answer to GET or HEAD of the agent card, 304 included.
    [[nodiscard]] virtual wire::HttpResponse agent_card(const wire::RequestHead& head) = 0;
    /// The answer to /health/ready.
    virtual Async<wire::HttpResponse> readiness() = 0;
    /// The response to an operator's path. `authorization` is the header, `remote` the caller's
    /// address, for the log. 404 when the path does not exist.
    virtual Async<wire::HttpResponse> admin(wire::Route route, std::string authorization,
                                            std::string remote) = 0;
};

}  // namespace a2akit::http
