#pragma once

#include <a2akit/core/async.hpp>

#include "wire/endpoint.hpp"

#include <string>
#include <string_view>

namespace a2akit::http {

/// The resources that are served besides the eleven operations, and the handler of the operations.
/// One object for all loops.
class Site {
public:
    virtual ~Site() = default;
    /// The site that serves a target (path and query): this one, or one below a path of its own,
    /// which is then taken off the target.
    [[nodiscard]] virtual Site& at(std::string_view& target) noexcept {
        (void)target;
        return *this;
    }
    /// Whether an agent is served here: its card, and the operations over HTTP.
    [[nodiscard]] virtual bool is_agent() const noexcept { return true; }
    /// The response to /.well-known/ai-catalog.json. Default: 404.
    [[nodiscard]] virtual wire::HttpResponse catalog(const wire::RequestHead& head) {
        (void)head;
        return wire::http_error(404, "nothing is served at this path", false);
    }
    [[nodiscard]] virtual RequestHandler& handler() noexcept = 0;
    /// The answer to GET or HEAD of the agent card, 304 included.
    [[nodiscard]] virtual wire::HttpResponse agent_card(const wire::RequestHead& head) = 0;
    /// The public keys that sign push notifications, or 404.
    [[nodiscard]] virtual wire::HttpResponse key_set() = 0;
    /// The answer to GET or HEAD of /v1/models, where chat completions are served.
    /// Default: 404.
    [[nodiscard]] virtual wire::HttpResponse models() {
        return wire::http_error(404, "nothing is served at this path", false);
    }
    /// The answer to /health/ready.
    virtual Async<wire::HttpResponse> readiness() = 0;
    /// The response to an operator's path. `authorization` is the header, `remote` the caller's
    /// address, for the log. 404 when the path does not exist.
    virtual Async<wire::HttpResponse> admin(wire::Route route, std::string authorization,
                                            std::string remote) = 0;
};

}  // namespace a2akit::http
