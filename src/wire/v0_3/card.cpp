#include "wire/v0_3/card.hpp"

#include "wire/v0_3/card_descriptions.hpp"

#include <algorithm>

namespace a2akit::wire::v0_3 {

/// The tag for T in a form that clients of both versions can read.
template <class T>
struct Common;

namespace {

constexpr std::string_view kProtocolVersion = "0.3.0";

void write_interface(json::Writer& writer, const AgentInterface& interface) {
    writer.begin_object();
    writer.key("url");
    writer.string(interface.url);
    writer.key("transport");
    writer.string(interface.protocol_binding);
    writer.end_object();
}

/// Adds the fields that only 0.3 has to a card that was just written.
void add_own_fields(std::string& out, const AgentCard& card) {
    json::Writer writer(out);
    out.pop_back();
    writer.key("protocolVersion");
    writer.plain_string(kProtocolVersion);
    const auto speaks_it = [](const AgentInterface& interface) {
        return interface.protocol_version == "0.3";
    };
    const auto& all = card.supported_interfaces;
    const auto main = std::find_if(all.begin(), all.end(), speaks_it);
    writer.key("url");
    writer.string(main == all.end() ? std::string_view() : std::string_view(main->url));
    if (main != all.end()) {
        writer.key("preferredTransport");
        writer.string(main->protocol_binding);
        writer.key("additionalInterfaces");
        writer.begin_array();
        for (const AgentInterface& interface : all) {
            if (!speaks_it(interface)) continue;
            writer.element();
            write_interface(writer, interface);
        }
        writer.end_array();
    }
    if (card.capabilities.extended_agent_card.value_or(false)) {
        writer.key("supportsAuthenticatedExtendedCard");
        writer.boolean(true);
    }
    writer.end_object();
}

}  // namespace
}  // namespace a2akit::wire::v0_3

namespace a2akit::json {

using wire::v0_3::Common;
template <>
struct ValueCodec<Common<SecurityScheme>> {
    static void write(Writer& writer, const SecurityScheme& value) {
        ValueCodec<InSchema<SecurityScheme>>::write(writer, value);
        if (value.scheme.index() == 0) return;
        writer.out().pop_back();
        writer.raw(",");
        const std::string own = encode(value);
        writer.raw(std::string_view(own).substr(1));
    }
};
template <>
struct Description<Common<AgentSkill>> {
    static constexpr auto kFields =
        std::tuple_cat(Description<AgentSkill>::kFields,
                       std::tuple(field_as<std::vector<InSchema<SecurityRequirement>>>(
                           "security", &AgentSkill::security_requirements)));
};
template <>
struct Description<Common<AgentCard>> {
    static constexpr auto kFields = std::tuple(
        field("name", &AgentCard::name, Need::kRequired),
        field("description", &AgentCard::description, Need::kRequired),
        field("supported_interfaces", &AgentCard::supported_interfaces, Need::kRequired),
        field("provider", &AgentCard::provider),
        field("version", &AgentCard::version, Need::kRequired),
        field("documentation_url", &AgentCard::documentation_url),
        field("capabilities", &AgentCard::capabilities, Need::kRequired),
        field_as<std::map<std::string, Common<SecurityScheme>>>("security_schemes",
                                                                &AgentCard::security_schemes),
        field("security_requirements", &AgentCard::security_requirements),
        field_as<std::vector<InSchema<SecurityRequirement>>>("security",
                                                             &AgentCard::security_requirements),
        field("default_input_modes", &AgentCard::default_input_modes, Need::kRequired),
        field("default_output_modes", &AgentCard::default_output_modes, Need::kRequired),
        field_as<std::vector<Common<AgentSkill>>>("skills", &AgentCard::skills, Need::kRequired),
        field("icon_url", &AgentCard::icon_url));
};

}  // namespace a2akit::json

namespace a2akit::wire::v0_3 {

void append_card(std::string& out, const AgentCard& card) {
    json::Writer writer(out);
    json::write_as<json::InSchema<AgentCard>>(writer, card);
    add_own_fields(out, card);
}

void append_common_card(std::string& out, const AgentCard& card) {
    json::Writer writer(out);
    json::write_as<Common<AgentCard>>(writer, card);
    add_own_fields(out, card);
}

}  // namespace a2akit::wire::v0_3
