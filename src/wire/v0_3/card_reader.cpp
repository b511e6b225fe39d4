#include "wire/v0_3/card.hpp"
#include "wire/v0_3/card_descriptions.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace a2akit::wire::v0_3 {

/// An entry of additionalInterfaces.
struct Interface {
    std::string url;
    std::string transport;
};

/// The fields that only 0.3 has.
struct OwnFields {
    std::string url;
    std::string preferred_transport;
    std::string protocol_version;
    std::vector<Interface> additional_interfaces;
    bool has_extended_card = false;
};

}  // namespace a2akit::wire::v0_3

namespace a2akit::json {

template <>
struct Description<wire::v0_3::Interface> {
    using Interface = wire::v0_3::Interface;
    static constexpr auto kFields =
        std::tuple(field("url", &Interface::url), field("transport", &Interface::transport));
};
template <>
struct Description<wire::v0_3::OwnFields> {
    using Own = wire::v0_3::OwnFields;
    static constexpr auto kFields =
        std::tuple(field("url", &Own::url), field("preferred_transport", &Own::preferred_transport),
                   field("protocol_version", &Own::protocol_version),
                   field("additional_interfaces", &Own::additional_interfaces),
                   field("supports_authenticated_extended_card", &Own::has_extended_card));
};
namespace {

std::string type_of_scheme(std::string_view scheme) {
    std::string type;
    Cursor cursor(scheme, Mode::kLenient, kReadBack);
    (void)cursor.object([&](std::string_view key) {
        return key == "type" && cursor.kind() == Kind::kString ? cursor.string(type)
                                                               : cursor.skip();
    });
    return type;
}

template <class S>
void read_scheme(std::string_view text, SecurityScheme& value) {
    Cursor cursor(text, Mode::kLenient, kReadBack);
    S scheme;
    if (read_as<InSchema<S>>(cursor, scheme)) value.scheme = std::move(scheme);
}

}  // namespace

bool ValueCodec<InSchema<SecurityScheme>>::read(Cursor& cursor, SecurityScheme& value) {
    std::string_view text;
    if (!cursor.raw(text)) return false;
    const std::string type = type_of_scheme(text);
    if (type == "apiKey") read_scheme<APIKeySecurityScheme>(text, value);
    if (type == "http") read_scheme<HTTPAuthSecurityScheme>(text, value);
    if (type == "oauth2") read_scheme<OAuth2SecurityScheme>(text, value);
    if (type == "openIdConnect") read_scheme<OpenIdConnectSecurityScheme>(text, value);
    if (type == "mutualTLS") read_scheme<MutualTlsSecurityScheme>(text, value);
    return true;
}

}  // namespace a2akit::json

namespace a2akit::wire::v0_3 {
namespace {

void add_interface(AgentCard& card, std::string url, std::string transport) {
    if (url.empty()) return;
    auto& all = card.supported_interfaces;
    const auto same = [&](const AgentInterface& other) {
        return other.url == url && other.protocol_binding == transport;
    };
    if (std::any_of(all.begin(), all.end(), same)) return;
    all.push_back({std::move(url), std::move(transport), {}, "0.3"});
}

}  // namespace

Result<AgentCard> read_card(std::string_view text) {
    Result<AgentCard> card(tl::in_place);
    json::Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    json::read_as<json::InSchema<AgentCard>>(cursor, *card);
    if (auto end = cursor.finish(); !end) return fail(std::move(end.error()));
    OwnFields own;
    json::Cursor again(text, json::Mode::kLenient, json::kReadBack);
    json::read_as<OwnFields>(again, own);
    if (auto end = again.finish(); !end) return fail(std::move(end.error()));
    // The version of a card of 0.2 is served by the same methods.
    if (own.preferred_transport.empty()) own.preferred_transport = "JSONRPC";
    add_interface(*card, std::move(own.url), std::move(own.preferred_transport));
    for (Interface& interface : own.additional_interfaces)
        add_interface(*card, std::move(interface.url), std::move(interface.transport));
    if (own.has_extended_card) card->capabilities.extended_agent_card = true;
    return card;
}

}  // namespace a2akit::wire::v0_3
