#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

/// Whole responses that carry an Error, in either binding and version.
namespace a2akit::wire {

/// The answer to a single JSON-RPC call: HTTP 200, but 401 and 403 for credentials that are missing
/// or do not suffice, and 429 with Retry-After for a caller that has to wait.
[[nodiscard]] HttpResponse json_rpc_error(std::string_view rpc_id, const Error& error,
                                          Version version = Version::k1_0);
/// The same, for an operation whose refusal may have to be a stream.
[[nodiscard]] HttpResponse json_rpc_refusal(std::string_view rpc_id, const Error& error,
                                            Version version, Operation operation);
/// The answer of the HTTP+JSON binding. `http_status` 0: the error's own.
[[nodiscard]] HttpResponse status_error(const Error& error, std::string_view content_type,
                                        int http_status = 0, Version version = Version::k1_0);

/// The response to a notification, which has no body: 204, or for a caller without permission just
/// the status, with the challenge of a 401. `error` null: none.
[[nodiscard]] HttpResponse no_content(const Error* error);
/// The WWW-Authenticate header of a kUnauthenticated error, or of a missing scope.
void add_challenge(HttpResponse& response, const Error& error);

/// `text` cut to a length that fits an error message, with everything but printable ASCII replaced:
/// for bytes of a client that no codec has checked.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace a2akit::wire
