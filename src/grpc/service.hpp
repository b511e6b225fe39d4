#pragma once

#include "grpc/call.hpp"

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <span>

namespace a2akit::rpc {

/// A service whose methods each become a Call. For gRPC all of them are streams of bytes in both
/// directions, so that it tells us of a call before it has read a message. REQUIRES: `door` and
/// `methods` outlive it.
[[nodiscard]] std::unique_ptr<::grpc::Service> make_service(Door& door,
                                                            std::span<const Method> methods);

}  // namespace a2akit::rpc
