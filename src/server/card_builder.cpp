#include "server/card_builder.hpp"

#include "json/codec.hpp"

#include <cctype>
#include <utility>

namespace a2akit {
namespace {

/// A skill's id from the agent's name: "My Agent" -> "my-agent".
std::string id_from(std::string_view name) {
    std::string id;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            id += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!id.empty() && id.back() != '-') {
            id += '-';
        }
    }
    while (id.ends_with('-')) id.pop_back();
    return id.empty() ? "main" : id;
}

void add_interfaces(AgentCard& card, const std::string& base_url, std::uint16_t grpc_port,
                    const char* version) {
    card.supported_interfaces.push_back({base_url + "/", "JSONRPC", {}, version});
    card.supported_interfaces.push_back({base_url, "HTTP+JSON", {}, version});
    if (grpc_port != 0) {
        card.supported_interfaces.push_back(
            {grpc_address(base_url, grpc_port), "GRPC", {}, version});
    }
}

}  // namespace

Result<void> check_card(const CardConfig& config) {
    // These first: what the server fills in is made from them.
    const auto needed = [](std::string_view value, const char* field) -> std::optional<Error> {
        if (!value.empty()) return std::nullopt;
        return Error::invalid_field(field, "must not be empty: every agent card says it");
    };
    if (auto error = needed(config.name, "card.name")) return fail(std::move(*error));
    if (auto error = needed(config.description, "card.description")) return fail(std::move(*error));
    if (auto error = needed(config.version, "card.version")) return fail(std::move(*error));
    // Read as a client would read it: the descriptions know what the protocol requires.
    const Result<AgentCard> read =
        json::decode<AgentCard>(json::encode(build_card(config, "http://host")));
    if (read) return {};
    const auto& details = read.error().details;
    if (!details || details->violations.empty())
        return fail(Error::invalid_field("card", read.error().message));
    const FieldViolation& first = details->violations.front();
    return fail(Error::invalid_field("card." + first.field, first.description));
}

std::string grpc_address(std::string_view base_url, std::uint16_t port) {
    const std::size_t scheme = base_url.find("://");
    if (scheme != std::string_view::npos) base_url.remove_prefix(scheme + 3);
    std::string_view host = base_url.substr(0, base_url.find('/'));
    const std::size_t literal = host.find(']');
    host = host.substr(0, host.find(':', literal == std::string_view::npos ? 0 : literal));
    return std::string(host) + ":" + std::to_string(port);
}

AgentCard build_card(const CardConfig& config, const std::string& base_url,
                     const wire::Versions& versions, std::uint16_t grpc_port) {
    AgentCard card;
    card.name = config.name;
    card.description = config.description;
    card.version = config.version;
    card.provider = config.provider;
    card.documentation_url = config.documentation_url;
    card.icon_url = config.icon_url;
    if (versions.v1_0) add_interfaces(card, base_url, grpc_port, "1.0");
    if (versions.v0_3) add_interfaces(card, base_url, grpc_port, "0.3");
    card.capabilities.streaming = config.streaming;
    card.capabilities.push_notifications = config.push_notifications;
    card.capabilities.extended_agent_card =
        config.extended_agent_card || static_cast<bool>(config.extended_card);
    card.capabilities.extensions = config.extensions;
    card.security_schemes = config.security_schemes;
    card.security_requirements = config.security_requirements;
    card.default_input_modes = config.input_modes;
    card.default_output_modes = config.output_modes;
    if (card.default_input_modes.empty()) card.default_input_modes = {"text/plain"};
    if (card.default_output_modes.empty()) card.default_output_modes = {"text/plain"};
    card.skills = config.skills;
    if (card.skills.empty()) {
        AgentSkill skill;
        skill.id = id_from(config.name);
        skill.name = config.name;
        skill.description = config.description;
        card.skills.push_back(std::move(skill));
    }
    for (AgentSkill& skill : card.skills) {
        if (skill.tags.empty()) skill.tags = {skill.id};  // the protocol wants one at least
    }
    card.signatures = config.signatures;
    return card;
}

}  // namespace a2akit
