#pragma once

#include "wire/endpoint.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

/// An Error as the bindings write it (specification 1.0, sections 9.5 and 11.6).
namespace a2akit::wire {

/// Appends {"jsonrpc":"2.0","id":…,"error":{…}}. `rpc_id` is JSON text; empty: null.
void append_json_rpc_error(std::string& out, std::string_view rpc_id, const Error& error, Timestamp now);
/// Appends {"error":{"code":…,"status":…,"message":…,"details":[…]}}, the JSON of google.rpc.Status.
void append_status(std::string& out, const Error& error, int http_status, Timestamp now);

/// The whole answer to a single JSON-RPC call: HTTP 200, but 401 and 403 for who may not ask.
[[nodiscard]] HttpResponse json_rpc_error(std::string_view rpc_id, const Error& error);
/// The whole answer of the HTTP+JSON binding. `http_status` 0: the one of the table.
[[nodiscard]] HttpResponse status_error(const Error& error, std::string_view content_type, int http_status = 0);

/// The answer to what needs none in words (a notification): 204, or for who may not ask the status alone, with a 401's
/// challenge. `error` null: none.
[[nodiscard]] HttpResponse wordless(const Error* error);
/// The WWW-Authenticate of a kUnauthenticated.
void add_challenge(HttpResponse& response, const Error& error);

/// `text` cut to a length that fits an error message, with everything but printable ASCII replaced: for bytes of a
/// client that no codec has checked.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace a2akit::wire
