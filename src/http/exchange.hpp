#pragma once

#include "http/loop_state.hpp"
#include "http/response.hpp"
#include "wire/endpoint.hpp"

#include <a2akit/core/request_context.hpp>

#include <memory>
#include <string>

namespace a2akit::http {

/// One request on its way through a connection: what reading it found out, and what its response
/// has to say besides its content.
struct Exchange {
    explicit Exchange(LoopState& s) noexcept : state(&s), site(&s.site) {}

    /// The fields of the response's head. The last response before the server stops closes its
    /// connection.
    [[nodiscard]] Framing framing() noexcept {
        if (state->draining) keep_alive = false;
        return {.date = state->date.now(),
                .extra = state->options.extra_fields,
                .cors = cors,
                .request_id = request_id,
                .close = !keep_alive,
                .http_1_0 = http_1_0};
    }

    LoopState* state;
    Site* site;                 ///< Of the request: see Site::at.
    std::string forwarded_for;  ///< The address that a trusted proxy names; empty: none.
    std::string cors;           ///< Header lines for a browser.
    std::string request_id;
    // On the heap: a stream needs neither, and may be idle for hours.
    std::unique_ptr<wire::Route> route;           ///< Of no meaning when the request is refused.
    std::unique_ptr<wire::HttpResponse> refusal;  ///< The response, when the request is refused.
    /// What the middlewares found out before the body was read; null: nothing.
    std::unique_ptr<decltype(RequestContext::values)> values;
    bool http_1_0 = false;
    bool keep_alive = true;
    /// Bytes of the request may be under way: close so that the response survives.
    bool lingering = false;
};

}  // namespace a2akit::http
