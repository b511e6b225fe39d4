#pragma once

#include "json/cursor.hpp"

#include <a2akit/request/request_envelope.hpp>

namespace a2akit::wire::v0_3 {

/// Reads the params of a JSON-RPC call.
bool read_schema_params(json::Cursor& cursor, OperationParams& params);
/// Reads the body of an HTTP+JSON call.
bool read_proto_params(json::Cursor& cursor, OperationParams& params);

}  // namespace a2akit::wire::v0_3
