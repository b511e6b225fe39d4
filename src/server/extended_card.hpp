#pragma once

#include "runtime/agent_runtime.hpp"
#include "server/agent_site.hpp"

#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/request_envelope.hpp>
#include <a2akit/server/server.hpp>

#include <memory>
#include <vector>

namespace a2akit {

/// The extended card of an agent, as its provider makes it for the caller of a request.
///
/// The provider's own errors of the kinds kPermissionDenied and kUnauthenticated pass; a card that
/// lacks what a card needs is logged and answered with kInternal. REQUIRES: the site outlives it.
class ExtendedCardOfSite {
public:
    /// Before any request.
    void set_site(const AgentSite& site) noexcept { site_ = &site; }
    /// REQUIRES: the site is set, and its card has a provider; `envelope` outlives the call.
    AsyncResult<AgentCard> make(const RequestEnvelope& envelope) const;

private:
    const AgentSite* site_ = nullptr;
};

/// Gives those agents an extended card whose cards have a provider; null for the others. The specs
/// are those of the agents, in their order.
[[nodiscard]] std::vector<std::shared_ptr<ExtendedCardOfSite>> extended_cards(
    const std::vector<AgentOptions>& agents, std::vector<AgentSpec>& specs);

}  // namespace a2akit
