#include "server/agent_site.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "server/card_builder.hpp"
#include "server/shared_resources.hpp"
#include "wire/chat/codec.hpp"
#include "wire/uri.hpp"
#include "wire/v0_3/card.hpp"
#include "wire/version.hpp"

#include <a2akit/protocol/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kMostDocuments = 16;
constexpr const char* kResourceMetadata = "/.well-known/oauth-protected-resource";

std::string_view status_of(AgentSite::State state, Readiness::Level level) noexcept {
    switch (state) {
        case AgentSite::State::kStarting:
            return "starting";
        case AgentSite::State::kDraining:
            return "draining";
        case AgentSite::State::kReady:
            break;
    }
    switch (level) {
        case Readiness::Level::kReady:
            return "ready";
        case Readiness::Level::kDegraded:
            return "degraded";
        case Readiness::Level::kDown:
            break;
    }
    return "unavailable";
}

bool is_host(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
    };
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), allowed);
}

/// Where the port of a host begins, with its colon; the end when it has none.
std::size_t port_at(std::string_view host) {
    const std::size_t literal = host.rfind(']');
    const std::size_t colon = host.find(':', literal == std::string_view::npos ? 0 : literal);
    return colon == std::string_view::npos ? host.size() : colon;
}

bool is_port(std::string_view text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && text.front() != '0' &&
           number <= 65535;
}

/// A path that stands in a URL as it is, and leads nowhere else.
bool is_prefix(std::string_view text) {
    constexpr std::size_t kLongest = 256;
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '-' || c == '.' || c == '_' || c == '~';
    };
    return text.starts_with('/') && text.size() <= kLongest &&
           std::all_of(text.begin(), text.end(), allowed) &&
           text.find("//") == std::string_view::npos && text.find("/.") == std::string_view::npos;
}

/// The first of several values, as the outermost proxy wrote it.
std::string_view first_of(std::string_view list) {
    list = list.substr(0, list.find(','));
    while (list.ends_with(' ')) list.remove_suffix(1);
    return list;
}

/// Protocol 0.3 knows no tenants, so its gRPC cannot name an agent.
void name_agent_in_grpc(AgentCard& card, const std::string& tenant) {
    auto& interfaces = card.supported_interfaces;
    std::erase_if(interfaces, [](const AgentInterface& one) {
        return one.protocol_binding == "GRPC" && one.protocol_version == "0.3";
    });
    for (AgentInterface& one : interfaces) {
        if (one.protocol_binding == "GRPC") one.tenant = tenant;
    }
}

constexpr const char* kForwardedHeaders =
    "X-Forwarded-Host, X-Forwarded-Proto, X-Forwarded-Port, X-Forwarded-Prefix, Forwarded";

/// What a proxy says of the address that its client used; empty: nothing. Not checked yet.
struct ForwardedAddress {
    std::string host;
    std::string proto;
    std::string port;
    std::string prefix;
};

/// The value of a parameter, a token or a quoted string, which is taken off `rest`.
std::string take_value(std::string_view& rest) {
    std::string value;
    if (!rest.starts_with('"')) {
        const std::size_t end = std::min(rest.find_first_of(";,"), rest.size());
        value = wire::trim(rest.substr(0, end));
        rest.remove_prefix(end);
        return value;
    }
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
        value += rest.front();
        rest.remove_prefix(1);
    }
    rest.remove_prefix(std::min(rest.find_first_of(";,"), rest.size()));
    return value;
}

/// The first element of Forwarded (RFC 7239), which the outermost proxy wrote.
ForwardedAddress read_forwarded(std::string_view rest) {
    ForwardedAddress address;
    while (!rest.empty() && rest.front() != ',') {
        if (rest.front() == ';') rest.remove_prefix(1);
        const std::size_t equals = rest.find_first_of("=;,");
        if (equals == std::string_view::npos || rest[equals] != '=') break;
        const std::string_view name = wire::trim(rest.substr(0, equals));
        rest.remove_prefix(equals + 1);
        std::string value = take_value(rest);
        if (wire::equal_ignoring_case(name, "host"))
            address.host = std::move(value);
        else if (wire::equal_ignoring_case(name, "proto"))
            address.proto = std::move(value);
    }
    return address;
}

/// Forwarded counts only where there is nothing else: a proxy that writes the others may pass it on
/// as a client sent it.
ForwardedAddress forwarded_address(const wire::RequestHead& head) {
    ForwardedAddress address;
    address.host = first_of(head.header("x-forwarded-host"));
    address.proto = first_of(head.header("x-forwarded-proto"));
    address.port = first_of(head.header("x-forwarded-port"));
    address.prefix = first_of(head.header("x-forwarded-prefix"));
    const bool none = address.host.empty() && address.proto.empty() && address.port.empty() &&
                      address.prefix.empty();
    return none ? read_forwarded(head.header("forwarded")) : address;
}

}  // namespace

AgentSite::AgentSite(RequestHandler& handler, Readiness& readiness, CardConfig card,
                     CardForms forms, bool trust_forwarded, std::string base_path)
    : handler_(handler),
      readiness_(readiness),
      card_(std::move(card)),
      forms_(forms),
      trust_forwarded_(trust_forwarded),
      base_path_(std::move(base_path)),
      started_(system_clock()->now()) {
    list_resources();
}

AgentSite::~AgentSite() = default;

void AgentSite::list_resources() {
    const auto card = [this](wire::ResourceRequest request) { return agent_card(request.head); };
    resources_ = health_resources([this] { return readiness(); });
    // agent.json was the card's name before 0.3; gateways still ask for it.
    for (const char* path : {"/.well-known/agent-card.json", "/.well-known/agent.json"}) {
        resources_.push_back(
            {.method = "GET", .path = path, .at_root = forms_.at_root, .answer = card});
    }
    if (forms_.versions.chat) {
        resources_.push_back({.method = "GET", .path = "/v1/models", .answer = [this](auto) {
                                  return wire::chat::models(card_.name);
                              }});
    }
}

void AgentSite::set_key_set(std::string keys) {
    key_set_ = std::move(keys);
    if (!key_set_.empty()) resources_.push_back(key_set_resource([this] { return key_set(); }));
}

void AgentSite::set_token_sources(TokenSources sources) {
    token_sources_ = std::move(sources);
    const auto answer = [this](wire::ResourceRequest request) {
        return resource_metadata(request.head);
    };
    resources_.push_back({.method = "GET", .path = kResourceMetadata, .answer = answer});
    metadata_path_ = kResourceMetadata + base_path_;
    if (base_path_.empty()) return;
    resources_.push_back(
        {.method = "GET", .path = metadata_path_, .at_root = true, .answer = answer});
}

std::string AgentSite::metadata_url(const RequestContext& context) const {
    auto headers = context.headers;
    wire::RequestHead head;
    head.headers = &headers;
    return url_for(head) + kResourceMetadata;
}

wire::HttpResponse AgentSite::resource_metadata(const wire::RequestHead& head) const {
    wire::HttpResponse response;
    response.content_type = "application/json";
    response.body = protected_resource_metadata(url_for(head), *token_sources_, card_.name,
                                                card_.documentation_url.value_or(""));
    return response;
}

void AgentSite::set_url(std::string base_url, bool is_public) {
    base_url_ = std::move(base_url);
    url_is_public_ = is_public;
}

Result<void> AgentSite::sign_with(std::shared_ptr<const CardSigner> signer) {
    AgentCard card = build_card(card_, base_url_, forms_.versions, grpc_port_);
    if (Result<void> is_signed = signer->sign(card); !is_signed) return is_signed;
    signer_ = std::move(signer);
    return {};
}

std::string AgentSite::url_for(const wire::RequestHead& head) const {
    if (!trust_forwarded_) return base_url_;
    const ForwardedAddress forwarded = forwarded_address(head);
    const bool says_host = is_host(forwarded.host);
    const bool says_port = is_port(forwarded.port);
    const bool says_prefix = is_prefix(forwarded.prefix);
    const bool tls = wire::equal_ignoring_case(forwarded.proto, "https");
    const bool says_proto = tls || wire::equal_ignoring_case(forwarded.proto, "http");
    if (!says_host && (url_is_public_ || (!says_port && !says_prefix && !says_proto)))
        return base_url_;
    // A proxy that names no host has passed on the one that the client named.
    std::string_view host = says_host ? std::string_view(forwarded.host) : head.header("host");
    if (!is_host(host)) return base_url_;
    const std::size_t colon = port_at(host);
    if (says_port && (!says_host || colon == host.size())) host = host.substr(0, colon);
    std::string url = std::string(tls ? "https://" : "http://").append(host);
    const bool is_usual = forwarded.port == (tls ? "443" : "80");
    if (says_port && !is_usual && host.size() == colon) url.append(":").append(forwarded.port);
    if (says_prefix)
        url.append(forwarded.prefix.substr(0, forwarded.prefix.find_last_not_of('/') + 1));
    return url.append(base_path_);
}

CardForms::Form AgentSite::form_for(const wire::RequestHead& head) const {
    const std::size_t mark = head.target.find('?');
    const std::string_view query =
        mark == std::string_view::npos ? std::string_view() : head.target.substr(mark + 1);
    const auto version =
        wire::known_version(wire::requested_version(head.header("a2a-version"), query));
    if (version == wire::Version::k1_0 && forms_.versions.v1_0) return CardForms::Form::k1_0;
    if (version == wire::Version::k0_3 && forms_.versions.v0_3) return CardForms::Form::k0_3;
    return forms_.without_version;
}

AgentCard AgentSite::complete_for(const CardConfig& config, const std::string& base_url,
                                  bool is_signed) const {
    AgentCard card = build_card(config, base_url, forms_.versions, grpc_port_);
    if (!grpc_tenant_.empty()) name_agent_in_grpc(card, grpc_tenant_);
    if (!is_signed || !signer_) return card;
    if (const Result<void> made = signer_->sign(card); !made)
        log::error("the card is not signed error={}", quoted(made.error().message));
    return card;
}

AgentCard AgentSite::complete(const CardConfig& config, const RequestContext& context,
                              bool is_signed) const {
    auto headers = context.headers;
    wire::RequestHead head;
    head.headers = &headers;
    return complete_for(config, url_for(head), is_signed);
}

std::string AgentSite::card_text(CardForms::Form form, const std::string& base_url) const {
    const AgentCard card = complete_for(card_, base_url, form == CardForms::Form::k1_0);
    if (form == CardForms::Form::k1_0) return to_json(card);
    std::string text;
    if (form == CardForms::Form::k0_3)
        wire::v0_3::append_card(text, card);
    else
        wire::v0_3::append_common_card(text, card);
    return text;
}

std::shared_ptr<const wire::CardDocument> AgentSite::document(CardForms::Form form,
                                                              const std::string& base_url) {
    const std::lock_guard lock(mutex_);
    auto found = documents_.find({form, base_url});
    if (found == documents_.end()) {
        if (documents_.size() >= kMostDocuments) documents_.clear();
        auto made = std::make_shared<const wire::CardDocument>(
            wire::make_card_document(card_text(form, base_url), started_));
        found = documents_.emplace(std::pair(form, base_url), std::move(made)).first;
    }
    return found->second;
}

wire::HttpResponse AgentSite::agent_card(const wire::RequestHead& head) {
    wire::HttpResponse response =
        wire::card_response(*document(form_for(head), url_for(head)), head);
    std::string vary = "A2A-Version";
    if (trust_forwarded_) vary.append(", ").append(kForwardedHeaders);
    response.headers.emplace_back("Vary", std::move(vary));
    return response;
}

wire::HttpResponse AgentSite::key_set() const {
    wire::HttpResponse response;
    response.content_type = "application/jwk-set+json";
    response.headers.emplace_back("Cache-Control", "public, max-age=300");
    response.body = key_set_;
    return response;
}

Async<wire::HttpResponse> AgentSite::readiness() {
    Async<Readiness::Answer> asking = readiness_.ask();
    const Readiness::Answer answer = co_await std::move(asking);
    const State state = state_.load(std::memory_order_acquire);
    wire::HttpResponse response;
    response.status = state == State::kReady && answer.level != Readiness::Level::kDown ? 200 : 503;
    response.content_type = "application/json";
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body.append(R"({"status":")").append(status_of(state, answer.level));
    response.body.append(R"(","checks":)").append(answer.checks).append("}");
    co_return response;
}

void AgentSite::open_admin(Admin& admin, std::string token) {
    admin_ = std::make_unique<AdminSite>(admin, std::move(token));
    admin_->list_resources(resources_);
}

std::optional<wire::HttpResponse> AgentSite::refuse_operator(const wire::ResourceRequest& request) {
    return admin_ ? admin_->refuse(request) : Site::refuse_operator(request);
}

}  // namespace a2akit
