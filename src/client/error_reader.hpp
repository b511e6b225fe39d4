#pragma once

#include <a2akit/core/error.hpp>

#include <string_view>

/// Reads an agent's error response as an Error, with wire's error table.
namespace a2akit::client {

/// The fields of an answer's outermost object that tell result and error apart; views into the
/// body, empty when absent.
struct Envelope {
    std::string_view result;
    std::string_view error;
    /// The object itself is an error of HTTP+JSON in 0.3: it has a code and a message.
    bool is_bare_error = false;
    /// A JSON-RPC response with neither: several SDKs answer a deletion so.
    bool is_empty_response = false;
};
/// A body that is not a JSON object has neither.
[[nodiscard]] Envelope read_envelope(std::string_view body);

/// `error`: the value of "error" in a JSON-RPC response.
[[nodiscard]] Error read_json_rpc_error(std::string_view error);
/// `error`: the value of "error" in the JSON of a google.rpc.Status.
[[nodiscard]] Error read_status_error(std::string_view error);
/// The Error of a response without a success status, whatever its body is.
[[nodiscard]] Error read_http_error(int status, std::string_view body);

}  // namespace a2akit::client
