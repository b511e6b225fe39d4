#pragma once

#include "grpc/values.hpp"
#include "wire/version.hpp"

#include <a2akit/request/request_envelope.hpp>

#include <grpcpp/support/byte_buffer.h>

#include <span>

namespace a2akit::rpc {

/// A method of a service, and how its messages are read and written.
struct Method {
    const char* path;  ///< As HTTP/2 has it: "/lf.a2a.v1.A2AService/GetTask".
    Operation operation;
    wire::Version version;
    /// Notes in `wrong` what is wrong with the fields. False: the bytes are not such a message.
    bool (*read)(::grpc::ByteBuffer& bytes, OperationParams& params, Violations& wrong);
    /// The message that answers a call; null when events do.
    ::grpc::ByteBuffer (*write)(const Reply& reply);
    /// The message of an event; null when one reply answers a call.
    ::grpc::ByteBuffer (*write_event)(const StreamResponse& event);
};

/// The methods of lf.a2a.v1.A2AService, protocol 1.0; SendMessage comes first.
[[nodiscard]] std::span<const Method> methods_1_0() noexcept;
/// Those of a2a.v1.A2AService, protocol 0.3, likewise.
[[nodiscard]] std::span<const Method> methods_0_3() noexcept;

}  // namespace a2akit::rpc
