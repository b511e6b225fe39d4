#pragma once

#include "client/binding.hpp"

#include <memory>

namespace a2akit::rpc {

/// The binding GRPC of the client: each call is one HTTP/2 request whose body is one message behind
/// a prefix of five bytes, and the outcome stands in the trailers (gRPC over HTTP/2). The client's
/// own HTTP makes it, so that TLS, certificates, limits of time and size, and cancelling are those
/// of the other bindings; grpc++ is not needed. `interface.url`: see client::grpc_url.
[[nodiscard]] std::unique_ptr<const client::Binding> make_client_binding(
    AgentInterface interface, const wire::ClientCodec& codec);

}  // namespace a2akit::rpc
