#include "wire/client_codec.hpp"

#include "json/codec.hpp"
#include "wire/v0_3/card.hpp"
#include "wire/v0_3/client_codec.hpp"
#include "wire/v1_0/client_codec.hpp"
#include "wire/version.hpp"

namespace a2akit::wire {

const ClientCodec* client_codec(std::string_view version) noexcept {
    if (version == "1") return &v1_0::client_codec();
    const auto known = known_version(version);
    if (known == Version::k0_3) return &v0_3::client_codec();
    return known == Version::k1_0 ? &v1_0::client_codec() : nullptr;
}

Result<AgentCard> read_card(std::string_view json) {
    Result<AgentCard> card = json::decode<AgentCard>(json, json::Mode::kLenient, json::kReadBack);
    if (card && !card->supported_interfaces.empty()) return card;
    Result<AgentCard> older = v0_3::read_card(json);
    if (older && !older->supported_interfaces.empty()) return older;
    return card;
}

}  // namespace a2akit::wire
