// A complete agent card: who provides the agent, what it can do, and what a caller has to show. What the card declares
// is what the middleware checks. A caller that has shown it gets an extended card with one skill more.

#include <a2akit/a2akit.hpp>

#include <string>

class WeatherWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete("Tomorrow in " + std::string(ctx.user_text()) + ": sunny.");
    }
};

a2akit::AsyncResult<a2akit::CardConfig> card_for(a2akit::Principal caller, std::string, a2akit::CardConfig card) {
    card.skills.push_back({.id = "history",
                           .name = "History",
                           .description = "Last year's weather for a town. Only for " + caller.name + "s.",
                           .tags = {"weather"}});
    co_return card;
}

a2akit::CardConfig card() {
    a2akit::CardConfig card;
    card.name = "Weather";
    card.description = "Knows tomorrow's weather.";
    card.version = "2.1.0";
    card.provider = a2akit::AgentProvider{.url = "https://weather.example.com", .organization = "Weather Ltd"};
    card.documentation_url = "https://weather.example.com/docs";

    a2akit::AgentSkill forecast;
    forecast.id = "forecast";
    forecast.name = "Forecast";
    forecast.description = "Tomorrow's weather for a town.";
    forecast.tags = {"weather", "forecast"};
    forecast.examples = {"Lisbon", "Oslo"};
    card.skills = {forecast};

    card.security_schemes["key"] = {
        a2akit::APIKeySecurityScheme{.description = "Ask us for one.", .location = "header", .name = "X-Api-Key"}};
    a2akit::SecurityRequirement key;
    key.schemes["key"] = {};
    card.security_requirements = {key};
    card.extended_card = &card_for;
    return card;
}

int main() {
    const a2akit::Principal customer{.name = "customer", .scopes = {}};
    return a2akit::Server({
        .worker = std::make_shared<WeatherWorker>(),
        .card = card(),
        .middlewares = {std::make_shared<a2akit::ApiKeyMiddleware>(
            std::map<std::string, a2akit::Principal>{{"demo-key", customer}})},
    }).run();
}
