#pragma once

#include "http/site.hpp"
#include "server/admin.hpp"
#include "server/protected_resource.hpp"
#include "server/readiness.hpp"
#include "wire/card_response.hpp"

#include <a2akit/protocol/card_signature.hpp>
#include <a2akit/server/server.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit {

/// In which forms the card is given.
struct CardForms {
    enum class Form { k1_0, k0_3, kCommon };
    wire::Versions versions;
    Form without_version = Form::kCommon;  ///< When no served version is named.
    bool at_root = false;                  ///< Also at the origin's root, above the base path.
};

/// What an agent serves besides the operations: its card and its health.
class AgentSite final : public http::Site {
public:
    enum class State { kStarting, kReady, kDraining };

    /// `base_path` as Settings::base_path. REQUIRES: handler and readiness outlive it.
    AgentSite(RequestHandler& handler, Readiness& readiness, CardConfig card, CardForms forms,
              bool trust_forwarded, std::string base_path);
    ~AgentSite() override;

    /// Where clients find the agent, for the card. REQUIRES: called before anything is served.
    /// `is_public`: somebody said so, and a proxy that names no host changes nothing about it.
    void set_url(std::string base_url, bool is_public);
    /// gRPC is served on this port, and a call names the agent as its `tenant`, unless that is
    /// empty. REQUIRES: as set_url.
    void set_grpc(std::uint16_t port, std::string tenant) {
        grpc_port_ = port;
        grpc_tenant_ = std::move(tenant);
    }
    /// From now on the card of 1.0 is signed. The error of CardSigner::sign when it cannot be.
    /// REQUIRES: the URL and the gRPC port are set, and nothing is served yet.
    Result<void> sign_with(std::shared_ptr<const CardSigner> signer);
    void set_state(State state) noexcept { state_.store(state, std::memory_order_release); }
    /// From now on the operator's resources are there, for whoever has the token. REQUIRES: as
    /// set_url; `admin` outlives it.
    void open_admin(Admin& admin, std::string token);
    [[nodiscard]] const CardConfig& card() const noexcept { return card_; }
    /// A card of this agent as the sender of a request gets it: with the interfaces, and with
    /// `is_signed` signed if the agent's cards are.
    [[nodiscard]] AgentCard complete(const CardConfig& card, const RequestContext& context,
                                     bool is_signed) const;
    /// Where the sender of this request finds the agent.
    [[nodiscard]] std::string url_for(const wire::RequestHead& head) const;
    [[nodiscard]] RequestHandler& handler() noexcept override { return handler_; }
    /// The public keys that sign push notifications (RFC 7517); empty: there are none. REQUIRES: as
    /// set_url.
    void set_key_set(std::string keys);

    /// From now on the metadata of the protected resource are there (RFC 9728). REQUIRES: as
    /// set_url.
    void set_token_sources(TokenSources sources);
    [[nodiscard]] bool has_token_sources() const noexcept { return token_sources_.has_value(); }
    /// The path of the metadata in the form of RFC 9728, section 3.1: in front of the agent's own.
    [[nodiscard]] const std::string& metadata_path() const noexcept { return metadata_path_; }
    /// Where the sender of a request finds them, however a proxy has changed the agent's path.
    [[nodiscard]] std::string metadata_url(const RequestContext& context) const;
    [[nodiscard]] wire::HttpResponse resource_metadata(const wire::RequestHead& head) const;

    [[nodiscard]] const wire::Resources& resources() const noexcept override { return resources_; }
    [[nodiscard]] std::optional<wire::HttpResponse> refuse_operator(
        const wire::ResourceRequest& request) override;

    /// GET or HEAD of the agent card, 304 included.
    [[nodiscard]] wire::HttpResponse agent_card(const wire::RequestHead& head);
    [[nodiscard]] bool has_key_set() const noexcept { return !key_set_.empty(); }
    [[nodiscard]] wire::HttpResponse key_set() const;
    Async<wire::HttpResponse> readiness();

private:
    void list_resources();
    [[nodiscard]] std::shared_ptr<const wire::CardDocument> document(CardForms::Form form,
                                                                     const std::string& base_url);
    [[nodiscard]] std::string card_text(CardForms::Form form, const std::string& base_url) const;
    [[nodiscard]] AgentCard complete_for(const CardConfig& config, const std::string& base_url,
                                         bool is_signed) const;
    [[nodiscard]] CardForms::Form form_for(const wire::RequestHead& head) const;

    RequestHandler& handler_;
    Readiness& readiness_;
    CardConfig card_;
    CardForms forms_;
    bool trust_forwarded_;
    std::string base_path_;
    std::string base_url_;
    bool url_is_public_ = false;
    std::uint16_t grpc_port_ = 0;               ///< 0: none.
    std::shared_ptr<const CardSigner> signer_;  ///< Null: the card is not signed.
    std::unique_ptr<AdminSite> admin_;          ///< Null: there are no such resources.
    std::string grpc_tenant_;
    std::string key_set_;
    std::optional<TokenSources> token_sources_;
    std::string metadata_path_;
    Timestamp started_;
    wire::Resources resources_;
    std::atomic<State> state_{State::kStarting};
    std::mutex mutex_;
    /// By form and base URL.
    std::map<std::pair<CardForms::Form, std::string>, std::shared_ptr<const wire::CardDocument>>
        documents_;
};

}  // namespace a2akit
