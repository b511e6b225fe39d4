#pragma once

#include <a2akit/core/error.hpp>

#include <grpcpp/support/status.h>

namespace a2akit::rpc {

/// The error as gRPC says it: its code and message, and the same in a google.rpc.Status with
/// ErrorInfo, BadRequest and RetryInfo, as far as they fit into the trailers of every client.
[[nodiscard]] ::grpc::Status to_status(const Error& error);

}  // namespace a2akit::rpc
