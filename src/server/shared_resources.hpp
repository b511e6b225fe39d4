#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/async.hpp>

#include <functional>
#include <utility>

/// Resources that a server has, whether it is one agent or several.
namespace a2akit {

/// /health and /health/ready. They answer any caller, as often as it asks.
[[nodiscard]] inline wire::Resources health_resources(
    std::function<Async<wire::HttpResponse>()> readiness) {
    const auto alive = [](const wire::ResourceRequest&) -> Async<wire::HttpResponse> {
        return wire::HttpResponse{.content_type = "application/json", .body = R"({"status":"ok"})"};
    };
    return {{.method = "GET", .path = "/health", .metered = false, .answer = alive},
            {.method = "GET",
             .path = "/health/ready",
             .metered = false,
             .answer = [ready = std::move(readiness)](auto) { return ready(); }}};
}

/// The public keys that sign push notifications.
[[nodiscard]] inline wire::Resource key_set_resource(std::function<wire::HttpResponse()> key_set) {
    return {.method = "GET",
            .path = "/.well-known/jwks.json",
            .answer = [keys = std::move(key_set)](auto) { return keys(); }};
}

}  // namespace a2akit
