#include "server/agent_list.hpp"

#include "server/card_builder.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kLongestName = 63;

/// First segments of the server's own paths, and of an agent's.
constexpr std::array<std::string_view, 6> kReserved{"admin", "chat", "health", "tasks", "ui", "v1"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::optional<std::string> wrong_name(std::string_view name) {
    const auto allowed = [](char c) { return is_word(c) || c == '-' || c == '_'; };
    if (name.empty() || name.size() > kLongestName || !is_word(name.front()) ||
        !std::all_of(name.begin(), name.end(), allowed)) {
        return "must be 1 to 63 lower-case letters, digits, '-' and '_', the first a letter or a "
               "digit";
    }
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
        return "is reserved: \"" + std::string(name) + "\" is a path of the server";
    return std::nullopt;
}

/// Puts the field's place in front, so that the message says which agent is meant.
Error within(const std::string& place, Error error) {
    error.message = place + error.message;
    return error;
}

Result<void> check(const AgentOptions& agent, const std::string& place) {
    if (!agent.worker)
        return fail(
            Error::invalid_field(place + "worker", "must not be null: it is the agent itself"));
    for (std::size_t i = 0; i < agent.middlewares.size(); ++i) {
        if (!agent.middlewares[i]) {
            return fail(Error::invalid_field(place + "middlewares[" + std::to_string(i) + "]",
                                             "must not be null"));
        }
    }
    if (Result<void> checked = check_card(agent.card); !checked)
        return fail(within(place, std::move(checked.error())));
    return {};
}

Result<void> check_names(const std::vector<AgentOptions>& agents) {
    for (std::size_t i = 0; i < agents.size(); ++i) {
        const std::string field = "agents[" + std::to_string(i) + "].name";
        const std::string& name = agents[i].name;
        if (auto wrong = wrong_name(name)) return fail(Error::invalid_field(field, *wrong));
        for (std::size_t before = 0; before < i; ++before) {
            if (agents[before].name != name) continue;
            return fail(Error::invalid_field(field, "must be unique: agents[" +
                                                        std::to_string(before) + "] is called \"" +
                                                        name + "\" as well"));
        }
    }
    return {};
}

AgentOptions inherit(AgentOptions agent, const ServerOptions& server) {
    agent.middlewares.insert(agent.middlewares.begin(), server.middlewares.begin(),
                             server.middlewares.end());
    if (!agent.authorizer) agent.authorizer = server.authorizer;
    if (!agent.hooks) agent.hooks = server.hooks;
    if (!agent.dependencies) agent.dependencies = server.dependencies;
    return agent;
}

}  // namespace

Result<std::vector<AgentOptions>> agents_of(const ServerOptions& options) {
    std::vector<AgentOptions> agents;
    if (options.agents.empty()) {
        AgentOptions only;
        only.worker = options.worker;
        only.card = options.card;
        only.skill_of = options.skill_of;
        agents.push_back(inherit(std::move(only), options));
        if (Result<void> checked = check(agents.front(), ""); !checked)
            return fail(std::move(checked.error()));
        return agents;
    }
    if (options.worker)
        return fail(Error::invalid_field(
            "worker", "must stay empty beside `agents`, each of which has a worker of its own"));
    if (!options.card.name.empty())
        return fail(Error::invalid_field(
            "card", "must stay empty beside `agents`, each of which has a card of its own"));
    if (Result<void> checked = check_names(options.agents); !checked)
        return fail(std::move(checked.error()));
    for (std::size_t i = 0; i < options.agents.size(); ++i) {
        agents.push_back(inherit(options.agents[i], options));
        const std::string place = "agents[" + std::to_string(i) + "].";
        if (Result<void> checked = check(agents.back(), place); !checked)
            return fail(std::move(checked.error()));
    }
    return agents;
}

std::vector<AgentSpec> specs_of(const std::vector<AgentOptions>& agents) {
    std::vector<AgentSpec> specs;
    for (const AgentOptions& agent : agents) {
        specs.push_back({.name = agent.name,
                         .worker = agent.worker,
                         .card = build_card(agent.card, ""),
                         .middlewares = agent.middlewares,
                         .authorizer = agent.authorizer,
                         .hooks = agent.hooks,
                         .dependencies = agent.dependencies});
    }
    return specs;
}

}  // namespace a2akit
