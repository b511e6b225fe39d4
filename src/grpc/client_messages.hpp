#pragma once

#include "wire/client_codec.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <string>
#include <string_view>

/// The client's half of the gRPC messages of one version of the protocol, without any I/O: requests
/// out, replies and events in. Stateless, and so safe from any thread.
namespace a2akit::rpc {

/// The path of the operation's method, such as "/lf.a2a.v1.A2AService/GetTask"; empty when this
/// version does not have the operation.
[[nodiscard]] std::string_view method_path(const wire::ClientCodec& codec,
                                           Operation operation) noexcept;

/// The bytes of the request's message. kInvalidParams when a value of it has no place there:
/// metadata that is not a JSON object, for example. REQUIRES: the version has the operation.
[[nodiscard]] Result<std::string> write_request(const wire::ClientCodec& codec, Operation operation,
                                                const OperationParams& params);

/// kInvalidAgentResponse when the bytes are not such a message. Unknown fields are passed over.
[[nodiscard]] Result<Reply> read_reply(const wire::ClientCodec& codec, Operation operation,
                                       std::string_view bytes);
[[nodiscard]] Result<StreamResponse> read_event(const wire::ClientCodec& codec,
                                                std::string_view bytes);

}  // namespace a2akit::rpc
