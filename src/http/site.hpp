#pragma once

#include "wire/endpoint.hpp"

#include <optional>
#include <string_view>

namespace a2akit::http {

/// What is served: the handler of the operations, and a table of what there is besides. One object
/// for all loops.
class Site {
public:
    virtual ~Site() = default;
    /// The site that serves a target (path and query): this one, or one below a path of its own,
    /// which is then taken off the target.
    [[nodiscard]] virtual Site& at(std::string_view& target) noexcept {
        (void)target;
        return *this;
    }
    [[nodiscard]] virtual RequestHandler& handler() noexcept = 0;
    /// The message of the error for operations over HTTP where no agent is served; empty where one
    /// is.
    [[nodiscard]] virtual std::string_view no_agent() const noexcept { return {}; }
    /// Does not change while anything is served.
    [[nodiscard]] virtual const wire::Resources& resources() const noexcept = 0;
    /// Asked before a resource for operators answers: the response to a caller that has no access;
    /// nullopt when it has. Default: nobody has access.
    [[nodiscard]] virtual std::optional<wire::HttpResponse> refuse_operator(
        const wire::ResourceRequest& request) {
        (void)request;
        return wire::http_error(404, "nothing is served at this path", false);
    }
};

}  // namespace a2akit::http
