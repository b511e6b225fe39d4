#pragma once

#include <a2akit/protocol/message.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <string_view>
#include <vector>

namespace a2akit {

// What a handler says goes into the answers of everybody who sees its task. Whatever would make those answers no JSON is
// refused here, with std::invalid_argument that names it.

void require_utf8(std::string_view what, std::string_view text);
/// Nothing, or one JSON value.
void require_json(std::string_view what, const RawJson& value);
void require_sendable(const std::vector<Part>& parts);
void require_sendable(const Artifact& artifact);

}  // namespace a2akit
