#pragma once

#include "http/site.hpp"
#include "server/agent_site.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// One door for several agents, for a binding whose paths cannot name them: the tenant of a call
/// names its agent, and what follows a slash in it is the tenant within the agent.
class AgentsByTenant final : public RequestHandler {
public:
    struct Entry {
        std::string name;
        RequestHandler* handler = nullptr;
    };
    explicit AgentsByTenant(std::vector<Entry> agents) : agents_(std::move(agents)) {}

    /// kInvalidParams naming `tenant` when there is no such agent.
    Async<void> answer(RequestEnvelope& envelope, HandledRequest& handled) override;

private:
    const std::vector<Entry> agents_;
};

/// The site of a server with several agents: each below its name, and above them the server's
/// health, the operator's paths, the catalogue of the agents (AI Catalog 1.0), and at the root a
/// page that lists them for people. It is not an agent itself.
class HostSite final : public http::Site {
public:
    struct Entry {
        std::string name;
        AgentSite* site = nullptr;
    };
    /// REQUIRES: at least one agent; the sites outlive it.
    explicit HostSite(std::vector<Entry> agents);

    /// See AgentSite::open_admin.
    void open_admin(Admin& admin, std::string token);

    [[nodiscard]] http::Site& at(std::string_view& target) noexcept override;
    [[nodiscard]] std::string_view no_agent() const noexcept override;
    [[nodiscard]] RequestHandler& handler() noexcept override { return by_tenant_; }
    [[nodiscard]] const wire::Resources& resources() const noexcept override { return resources_; }
    [[nodiscard]] std::optional<wire::HttpResponse> refuse_operator(
        const wire::ResourceRequest& request) override;

private:
    void list_resources();
    [[nodiscard]] wire::HttpResponse catalog(const wire::RequestHead& head);
    [[nodiscard]] wire::HttpResponse page(const wire::RequestHead& head) const;
    [[nodiscard]] static std::vector<AgentsByTenant::Entry> handlers_of(
        const std::vector<Entry>& agents);

    const std::vector<Entry> agents_;
    AgentsByTenant by_tenant_;
    std::unique_ptr<AdminSite> admin_;  ///< Null: there are no such resources.
    Timestamp started_;
    wire::Resources resources_;
};

}  // namespace a2akit
