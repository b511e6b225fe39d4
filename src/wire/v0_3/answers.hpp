#pragma once

#include "wire/endpoint.hpp"

#include <string>

namespace a2akit::wire::v0_3 {

/// Append a reply, or an event of a stream, in the binding of `form`.
void append_reply(std::string& out, const Reply& reply, const AnswerForm& form);
void append_event(std::string& out, const StreamResponse& event, const AnswerForm& form);

}  // namespace a2akit::wire::v0_3
