#include "server/card_lint.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "security/declared_security.hpp"
#include "security/text.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace a2akit {
namespace {

/// Calls `visit` with each requirement of the card and its place.
template <class Visit>
void each_requirement(const CardConfig& card, Visit visit) {
    for (std::size_t i = 0; i < card.security_requirements.size(); ++i) {
        visit("security_requirements[" + std::to_string(i) + "]", card.security_requirements[i]);
    }
    for (std::size_t i = 0; i < card.skills.size(); ++i) {
        const auto& requirements = card.skills[i].security_requirements;
        for (std::size_t j = 0; j < requirements.size(); ++j) {
            visit("skills[" + std::to_string(i) + "].security_requirements[" + std::to_string(j) +
                      "]",
                  requirements[j]);
        }
    }
}

bool is_media_type(std::string_view text) {
    const std::size_t slash = text.find('/');
    return slash != std::string_view::npos && slash != 0 && slash + 1 < text.size() &&
           text.find(' ') == std::string_view::npos;
}

/// The URLs that a scheme sends credentials or users to.
std::vector<std::string> urls_of(const SecurityScheme& scheme) {
    std::vector<std::string> urls;
    if (const auto* oidc = std::get_if<OpenIdConnectSecurityScheme>(&scheme.scheme))
        urls.push_back(oidc->open_id_connect_url);
    const auto* oauth = std::get_if<OAuth2SecurityScheme>(&scheme.scheme);
    if (oauth == nullptr) return urls;
    urls.push_back(oauth->oauth2_metadata_url);
    std::visit(
        [&](const auto& flow) {
            if constexpr (requires { flow.token_url; }) urls.push_back(flow.token_url);
            if constexpr (requires { flow.authorization_url; })
                urls.push_back(flow.authorization_url);
            if constexpr (requires { flow.device_authorization_url; })
                urls.push_back(flow.device_authorization_url);
        },
        oauth->flows.flow);
    return urls;
}

bool is_loopback(std::string_view host) {
    return host.starts_with("localhost") || host.starts_with("127.") || host.starts_with("[::1]");
}

/// A URL that others on the network can read what is sent to.
bool is_plain(std::string_view url) {
    constexpr std::string_view kHttp = "http://";
    return url.starts_with(kHttp) && !is_loopback(url.substr(kHttp.size()));
}

void lint_texts(const CardConfig& card, std::vector<std::string>& warnings) {
    if (card.description == card.name) {
        warnings.emplace_back(
            "description is the agent's name: other agents choose by it, so say what this one "
            "does");
    }
    for (const auto& [field, value] :
         {std::pair("documentation_url", card.documentation_url.value_or("")),
          std::pair("icon_url", card.icon_url.value_or("")),
          std::pair("provider.url", card.provider ? card.provider->url : std::string())}) {
        if (!value.empty() && !value.starts_with("https://"))
            warnings.push_back(std::string(field) + " is not an https URL: " + value);
    }
    for (const auto& [field, modes] : {std::pair("input_modes", &card.input_modes),
                                       std::pair("output_modes", &card.output_modes)}) {
        for (const std::string& mode : *modes) {
            if (!is_media_type(mode))
                warnings.push_back(std::string(field) + " names \"" + mode +
                                   "\", which is not a media type such as text/plain");
        }
    }
}

void lint_skills(const CardConfig& card, std::vector<std::string>& warnings) {
    std::set<std::string_view> ids;
    for (std::size_t i = 0; i < card.skills.size(); ++i) {
        const AgentSkill& skill = card.skills[i];
        const std::string place = "skills[" + std::to_string(i) + "]";
        if (!ids.insert(skill.id).second)
            warnings.push_back(place + " has the id of another skill: " + skill.id);
        if (skill.tags.empty())
            warnings.push_back(place + " has no tags, by which agents are searched");
        if (skill.description.empty() || skill.description == skill.name)
            warnings.push_back(place + " has no description of its own");
    }
}

void lint_schemes(const CardConfig& card, std::uint8_t checked, bool has_middlewares,
                  std::vector<std::string>& warnings) {
    std::set<std::string> required;
    each_requirement(card, [&](const std::string& place, const SecurityRequirement& requirement) {
        for (const auto& [name, scopes] : requirement.schemes) required.insert(name);
        if (requirement.schemes.empty() && checked != 0) {
            warnings.push_back(place +
                               " lets callers in without credentials, but the settings ask "
                               "for some: they get a 401");
        }
    });
    for (const auto& [name, scheme] : card.security_schemes) {
        const std::string place = "security_schemes[\"" + name + "\"]";
        if (!required.contains(name))
            warnings.push_back(place + " is not named by any security requirement");
        const bool is_checked = (security::kinds_of(scheme) & checked) != 0;
        if (required.contains(name) && !is_checked && !has_middlewares) {
            warnings.push_back(place +
                               " is required, but neither a setting nor a middleware checks it");
        }
        for (const std::string& url : urls_of(scheme)) {
            if (is_plain(url))
                warnings.push_back(place + " sends credentials over plain http: " + url);
        }
    }
}

}  // namespace

Result<void> check_references(const CardConfig& card) {
    std::optional<Error> wrong;
    each_requirement(card, [&](const std::string& place, const SecurityRequirement& requirement) {
        for (const auto& [name, scopes] : requirement.schemes) {
            if (wrong || card.security_schemes.contains(name)) continue;
            wrong = Error::invalid_field("card." + place, "requires \"" + name +
                                                              "\", which is not one of the card's "
                                                              "security_schemes");
        }
    });
    if (wrong) return fail(std::move(*wrong));
    return {};
}

std::vector<std::string> lint_card(const CardConfig& card, std::uint8_t checked,
                                   bool has_middlewares) {
    std::vector<std::string> warnings;
    lint_texts(card, warnings);
    lint_skills(card, warnings);
    lint_schemes(card, checked, has_middlewares, warnings);
    if (card.extended_agent_card && !card.extended_card) {
        warnings.emplace_back(
            "extended_agent_card is true, but there is no extended_card: callers get an error");
    }
    return warnings;
}

Result<void> lint_agent(const AgentOptions& agent, std::uint8_t checked) {
    if (Result<void> sound = check_references(agent.card); !sound) {
        Error error = std::move(sound.error());
        if (!agent.name.empty()) error.message = "agent \"" + agent.name + "\": " + error.message;
        return fail(std::move(error));
    }
    for (const std::string& warning : lint_card(agent.card, checked, !agent.middlewares.empty())) {
        log::warn("card {}{}{}", quoted(warning), agent.name.empty() ? "" : " agent=", agent.name);
    }
    return {};
}

std::vector<std::string> lint_url(std::string_view url) {
    if (!is_plain(url)) return {};
    return {
        "the agent is found at a plain http URL, so others can read what it is sent; set "
        "A2AKIT_TLS_CERT, or A2AKIT_PUBLIC_URL to the https URL of a proxy: " +
        std::string(url)};
}

}  // namespace a2akit
