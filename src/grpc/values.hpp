#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/core/error.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <vector>

/// The well-known types of protocol buffers, to and from ours.
namespace a2akit::rpc {

using Violations = std::vector<FieldViolation>;

/// Notes the character NUL in a text, which no storage has to keep.
void refuse_nul(const std::string& text, const std::string& field, Violations& wrong);

/// The JSON text of a value. Notes in `wrong`, under the name `field`, what JSON or the storage has
/// no place for: NaN and infinite numbers, and the character NUL.
[[nodiscard]] RawJson to_json(const google::protobuf::Value& value, const char* field,
                              Violations& wrong);
[[nodiscard]] RawJson to_json(const google::protobuf::Struct& value, const char* field,
                              Violations& wrong);

/// Numbers become doubles, which is all that the type holds. Text that is no JSON object leaves a
/// Struct empty.
void from_json(const RawJson& json, google::protobuf::Value& value);
void from_json(const RawJson& json, google::protobuf::Struct& value);

void write(Timestamp time, google::protobuf::Timestamp& out);
/// Up to the next millisecond. Notes in `wrong` what is out of range.
[[nodiscard]] Timestamp not_before(const google::protobuf::Timestamp& time, const char* field,
                                   Violations& wrong);

}  // namespace a2akit::rpc
