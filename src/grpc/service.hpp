#pragma once

#include "grpc/call.hpp"

#include <grpcpp/impl/service_type.h>

#include <memory>

namespace a2akit::rpc {

/// The service of protocol 1.0, lf.a2a.v1.A2AService. REQUIRES: `door` outlives it.
[[nodiscard]] std::unique_ptr<::grpc::Service> make_service_1_0(Door& door);
/// That of protocol 0.3, a2a.v1.A2AService. REQUIRES: likewise.
[[nodiscard]] std::unique_ptr<::grpc::Service> make_service_0_3(Door& door);

}  // namespace a2akit::rpc
