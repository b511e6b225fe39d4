#include "server/extended_card.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "server/card_builder.hpp"

#include <utility>

namespace a2akit {

AsyncResult<AgentCard> ExtendedCardOfSite::make(const RequestEnvelope& envelope) const {
    const CardConfig& card = site_->card();
    Result<CardConfig> extended =
        co_await card.extended_card(envelope.principal, envelope.tenant, card);
    if (!extended) co_return fail(std::move(extended.error()));
    extended->extended_agent_card = true;
    if (const Result<void> checked = check_card(*extended); !checked) {
        log::error("the extended card is not right request_id={} error={}",
                   envelope.context.request_id, quoted(checked.error().message));
        co_return fail(ErrorCode::kInternal, "internal error");
    }
    // Only the form of 1.0 is signed.
    co_return site_->complete(*extended, envelope.context,
                              envelope.version == ProtocolVersion::k1_0);
}

std::vector<std::shared_ptr<ExtendedCardOfSite>> extended_cards(
    const std::vector<AgentOptions>& agents, std::vector<AgentSpec>& specs) {
    std::vector<std::shared_ptr<ExtendedCardOfSite>> cards(agents.size());
    for (std::size_t i = 0; i < agents.size(); ++i) {
        if (!agents[i].card.extended_card) continue;
        cards[i] = std::make_shared<ExtendedCardOfSite>();
        specs[i].extended_card = [card = cards[i]](const RequestEnvelope& envelope) {
            return card->make(envelope);
        };
    }
    return cards;
}

}  // namespace a2akit
