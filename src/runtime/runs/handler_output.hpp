#pragma once

#include "json/cursor.hpp"

#include <a2akit/protocol/message.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

namespace a2akit {

// A handler's output becomes part of every response that shows its task. Output that would make
// those responses invalid JSON is refused here, with a std::invalid_argument that names it.

/// How many bytes one call may write: with the growth of escapes and base64, the stored form of
/// that still fits into one value of every engine.
inline constexpr std::size_t kMaxOutputBytes = json::Limits{}.max_bytes;

void require_utf8(std::string_view what, std::string_view text);
/// Nothing, or one JSON value; insignificant white space is removed from it, since a line break
/// would end an event.
void require_json(std::string_view what, RawJson& value);
/// Nothing, or a JSON object (google.protobuf.Struct).
void require_object(std::string_view what, RawJson& value);
void require_sendable(std::vector<Part>& parts);
void require_sendable(Artifact& artifact);

}  // namespace a2akit
