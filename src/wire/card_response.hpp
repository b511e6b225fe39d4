#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/clock.hpp>

namespace a2akit::wire {

/// The public agent card as it is served, with what HTTP caches need (specification 1.0,
/// section 8.6).
struct CardDocument {
    std::string body;           ///< The card's JSON.
    std::string etag;           ///< Quoted; made from the body's bytes.
    std::string last_modified;  ///< As HTTP writes dates.
    Timestamp modified;
};

[[nodiscard]] CardDocument make_card_document(std::string body, Timestamp modified);

/// The answer to GET or HEAD: the card, or 304 when If-None-Match or If-Modified-Since says that
/// the client has it.
[[nodiscard]] HttpResponse card_response(const CardDocument& card, const RequestHead& head);

}  // namespace a2akit::wire
