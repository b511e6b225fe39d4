#pragma once

#include "cli/failure.hpp"

#include <a2akit/core/error.hpp>

#include <string>
#include <string_view>

namespace a2akit::cli {

/// A2A's own name of an error (specification 1.0, sections 3.3.2 and 9.5): "TaskNotFoundError".
[[nodiscard]] std::string_view protocol_name(ErrorCode code) noexcept;

struct CallFacts {
    std::string binding;           ///< "JSONRPC", "HTTP+JSON", "GRPC"
    bool has_credentials = false;  ///< Any were sent with the call.
    std::string auth_hint;         ///< How to get what the card's security schemes ask for.
    std::string debug_hint;        ///< For a refused identifier: "… --debug".
};

/// The failure that a command reports for an error of a call, the same whatever the binding.
[[nodiscard]] Failure to_failure(const Error& error, const CallFacts& facts);

}  // namespace a2akit::cli
