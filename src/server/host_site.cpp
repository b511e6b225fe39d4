#include "server/host_site.hpp"

#include "json/writer.hpp"
#include "server/agent_page.hpp"
#include "server/shared_resources.hpp"
#include "wire/card_response.hpp"
#include "wire/route_table.hpp"

#include <utility>
#include <variant>

namespace a2akit {
namespace {

constexpr const char* kCatalogType = "application/ai-catalog+json";
constexpr const char* kCardType = "application/a2a-agent-card+json";
constexpr const char* kNoAgent =
    "there is no agent at this path; /.well-known/ai-catalog.json lists those of this server";

/// The host in a URL, without its port: who publishes the agents.
std::string_view publisher_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos)
        url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find('/'));
    const std::size_t literal = url.find(']');
    return url.substr(0, url.find(':', literal == std::string_view::npos ? 0 : literal));
}

}  // namespace

Async<void> AgentsByTenant::answer(RequestEnvelope& envelope, HandledRequest& handled) {
    std::string& tenant =
        std::visit([](auto& params) -> std::string& { return params.tenant; }, envelope.params);
    const std::size_t slash = tenant.find('/');
    const std::string name = tenant.substr(0, slash);
    std::string rest = slash == std::string::npos ? std::string() : tenant.substr(slash + 1);
    if (!rest.empty() && !wire::may_be_tenant(rest)) {
        handled.reply = Error::invalid_field(
            "tenant", "is reserved: \"" + rest + "\" cannot be used as a tenant of the agent");
        return {};
    }
    for (const Entry& agent : agents_) {
        if (agent.name != name) continue;
        tenant = rest;
        envelope.tenant = std::move(rest);
        return agent.handler->answer(envelope, handled);
    }
    std::string names;
    for (const Entry& agent : agents_) names.append(names.empty() ? "" : ", ").append(agent.name);
    handled.reply = Error::invalid_field("tenant", "must name an agent of this server: " + names);
    return {};
}

HostSite::HostSite(std::vector<Entry> agents)
    : agents_(std::move(agents)),
      by_tenant_(handlers_of(agents_)),
      started_(system_clock()->now()) {
    list_resources();
}

void HostSite::list_resources() {
    AgentSite& any = *agents_.front().site;
    resources_ = health_resources([&any] { return any.readiness(); });
    // All agents of a server sign with the same keys.
    if (any.has_key_set()) resources_.push_back(key_set_resource([&any] { return any.key_set(); }));
    resources_.push_back(
        {.method = "GET",
         .path = "/.well-known/ai-catalog.json",
         .answer = [this](wire::ResourceRequest request) { return catalog(request.head); }});
    for (const Entry& agent : agents_) {
        AgentSite* const site = agent.site;
        if (!site->has_token_sources()) continue;
        resources_.push_back({.method = "GET",
                              .path = site->metadata_path(),
                              .at_root = true,
                              .answer = [site](wire::ResourceRequest request) {
                                  return site->resource_metadata(request.head);
                              }});
    }
    resources_.push_back({.method = "GET", .path = "/", .answer = [this](auto request) {
                              return page(request.head);
                          }});
    for (const char* path : {"/.well-known/agent-card.json", "/.well-known/agent.json"}) {
        resources_.push_back({.method = "GET", .path = path, .answer = [](auto) {
                                  return wire::http_error(404, kNoAgent, false);
                              }});
    }
}

std::string_view HostSite::no_agent() const noexcept { return kNoAgent; }

std::vector<AgentsByTenant::Entry> HostSite::handlers_of(const std::vector<Entry>& agents) {
    std::vector<AgentsByTenant::Entry> handlers;
    for (const Entry& agent : agents) handlers.push_back({agent.name, &agent.site->handler()});
    return handlers;
}

void HostSite::open_admin(Admin& admin, std::string token) {
    admin_ = std::make_unique<AdminSite>(admin, std::move(token));
    admin_->list_resources(resources_);
}

std::optional<wire::HttpResponse> HostSite::refuse_operator(const wire::ResourceRequest& request) {
    return admin_ ? admin_->refuse(request) : Site::refuse_operator(request);
}

http::Site& HostSite::at(std::string_view& target) noexcept {
    if (!target.starts_with('/')) return *this;
    const std::string_view first = target.substr(1, target.find_first_of("/?", 1) - 1);
    for (const Entry& agent : agents_) {
        if (agent.name != first) continue;
        target.remove_prefix(1 + first.size());
        return *agent.site;
    }
    return *this;
}

wire::HttpResponse HostSite::page(const wire::RequestHead& head) const {
    std::vector<ListedAgent> listed;
    for (const Entry& agent : agents_) {
        const CardConfig& card = agent.site->card();
        listed.push_back({card.name, card.description, card.version, agent.site->url_for(head)});
    }
    return agent_page(listed);
}

wire::HttpResponse HostSite::catalog(const wire::RequestHead& head) {
    std::string body;
    json::Writer writer(body);
    const auto text = [&](std::string_view key, std::string_view value) {
        writer.key(key);
        writer.string(value);
    };
    writer.begin_object();
    text("specVersion", "1.0");
    writer.key("host");
    writer.begin_object();
    text("displayName", publisher_of(agents_.front().site->url_for(head)));
    writer.end_object();
    writer.key("entries");
    writer.begin_array();
    for (const Entry& agent : agents_) {
        const std::string url = agent.site->url_for(head);
        const CardConfig& card = agent.site->card();
        writer.element();
        writer.begin_object();
        text("identifier", "urn:air:" + std::string(publisher_of(url)) + ":agents:" + agent.name);
        text("displayName", card.name);
        text("description", card.description);
        text("version", card.version);
        text("type", kCardType);
        text("url", url + "/.well-known/agent-card.json");
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
    wire::HttpResponse response =
        wire::card_response(wire::make_card_document(std::move(body), started_), head);
    if (response.status == 200) response.content_type = kCatalogType;
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
}

}  // namespace a2akit
