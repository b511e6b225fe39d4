#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/task.hpp>

#include <string>
#include <string_view>

// JSON in and out for users of the library: cards from files, messages in tests, RawJson from
// foreign text. ProtoJSON as specification 1.0, section 5.5 says. Defined for AgentCard, Task,
// Message, Part, Artifact, StreamResponse, SendMessageRequest.

namespace a2akit {

/// Reads one message. kParseError: not JSON; kInvalidParams: a field is wrong or missing, and it is
/// named.
template <class M>
Result<M> from_json(std::string_view text);

/// Writes one message, compact, camelCase, absent fields left out.
template <class M>
std::string to_json(const M& message);

/// Checks foreign text: one JSON value, valid UTF-8, at most 64 levels deep. Kept without
/// insignificant white space.
Result<RawJson> parse_raw_json(std::string_view text);

/// `text` as a JSON string, quoted and escaped.
RawJson json_string(std::string_view text);

}  // namespace a2akit
