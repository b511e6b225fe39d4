#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>

#include <string>
#include <string_view>

namespace a2akit::wire::v0_3 {

/// Appends the card in the form of 0.3's JSON schema, which is the same in every binding. Its
/// addresses are the interfaces that speak 0.3. Signatures are left out: those of 1.0 cover another
/// text.
void append_card(std::string& out, const AgentCard& card);

/// Appends a card that clients of 1.0 and of 0.3 can read: the card of 1.0 with the fields of 0.3
/// added. Signatures are left out as well.
void append_common_card(std::string& out, const AgentCard& card);

/// Reads a card of 0.3, leniently. Its interfaces are the main one and then the additional ones,
/// each once. Signatures are left out.
[[nodiscard]] Result<AgentCard> read_card(std::string_view json);

}  // namespace a2akit::wire::v0_3
