#pragma once

#include "http/site.hpp"
#include "net/loop_group.hpp"
#include "server/admin.hpp"
#include "wire/card_response.hpp"

#include <a2akit/ports.hpp>
#include <a2akit/server/server.hpp>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// What an agent serves besides the operations: its card and its health.
class AgentSite final : public http::Site {
public:
    enum class State { kStarting, kReady, kDraining };

    /// `base_path` as Settings::base_path. REQUIRES: loops and handler outlive it; `stop` was called before it ends.
    AgentSite(net::LoopGroup& loops, RequestHandler& handler, Ports ports, CardConfig card, bool trust_forwarded,
              std::string base_path);
    ~AgentSite() override;

    /// Where clients find the agent, for the card. REQUIRES: called before anything is served.
    /// `is_public`: somebody said so, and a proxy that names no host changes nothing about it.
    void set_url(std::string base_url, bool is_public);
    void set_state(State state) noexcept { state_.store(state, std::memory_order_release); }
    /// Readiness says what a port says is wrong, to whoever asks; otherwise only which one fails. REQUIRES: as set_url.
    void show_failures() noexcept { show_failures_ = true; }
    /// From now on the operator's paths are there, for whoever has the token. REQUIRES: as set_url; `admin` outlives it.
    void open_admin(Admin& admin, std::string token);
    /// Waits for what is still being checked.
    void stop();

    [[nodiscard]] RequestHandler& handler() noexcept override { return handler_; }
    [[nodiscard]] wire::HttpResponse agent_card(const wire::RequestHead& head) override;
    Async<wire::HttpResponse> readiness() override;
    Async<wire::HttpResponse> admin(wire::Route route, std::string authorization) override;

private:
    struct Check;
    struct LoopChecks;

    [[nodiscard]] std::shared_ptr<const wire::CardDocument> document(const std::string& base_url);
    [[nodiscard]] std::string url_for(const wire::RequestHead& head) const;
    [[nodiscard]] LoopChecks& checks_of_this_loop() noexcept;
    Async<void> perform(std::shared_ptr<Check> check, std::size_t port);
    [[nodiscard]] std::string outcome_of(std::size_t port, const Result<void>& checked);
    AsyncResult<void> check_port(std::size_t port);
    Async<void> join_checks();

    net::LoopGroup& loops_;
    RequestHandler& handler_;
    Ports ports_;
    CardConfig card_;
    bool trust_forwarded_;
    std::string base_path_;
    std::string base_url_;
    bool url_is_public_ = false;
    bool show_failures_ = false;
    std::unique_ptr<AdminSite> admin_;  ///< Null: there are no such paths.
    Timestamp started_;
    std::atomic<State> state_{State::kStarting};
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<const wire::CardDocument>> documents_;  ///< By base URL.
    std::array<std::string, 4> said_;  ///< What was last wrong with each port, under the mutex.
    std::vector<std::unique_ptr<LoopChecks>> checks_;
};

}  // namespace a2akit
