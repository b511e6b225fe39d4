#pragma once

#include "client/http_client.hpp"

#include <a2akit/core/error.hpp>

#include <optional>

namespace a2akit::rpc {

/// The end of a call: "grpc-status" and what belongs to it.
struct CallStatus {
    int code = 0;  ///< 0: it succeeded.
    Error error;   ///< Typed. REQUIRES: code is not 0.
};

/// Reads it from the trailers, or from the head of an answer that has no body. Nullopt when it is
/// not there. The error's code is that of the ErrorInfo in grpc-status-details-bin; else that of
/// the protocol's name at the beginning of the message ("TaskNotFoundError: …"), as the SDKs of 0.3
/// write it; else the nearest to the number.
[[nodiscard]] std::optional<CallStatus> read_status(const client::Headers& headers);

}  // namespace a2akit::rpc
