#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/card_cache.hpp>
#include <a2akit/client/client_options.hpp>
#include <a2akit/core/async.hpp>

#include <memory>

namespace a2akit::client {

/// The card as `options.card_trust` lets it be used: with `signed_by` when one of its signatures is
/// right. kUnauthenticated when one has to be and none is; kInvalidParams when the trusted keys are
/// not a set of keys; kUnavailable when a set of keys that may be needed can't be fetched. No
/// credentials are sent.
AsyncResult<FetchedCard> check_signatures(std::shared_ptr<HttpClient> http, ClientOptions options,
                                          FetchedCard card);

}  // namespace a2akit::client
