#include "http/admission.hpp"

#include <a2akit/core/ids.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

namespace a2akit::http {
namespace {

constexpr std::size_t kLongestRequestId = 128;
// The body of a refused request is read up to this size, so that the connection can be used again.
constexpr std::size_t kReadAnyway = std::size_t{64} * 1024;

bool under_base(std::string_view target, std::string_view base) {
    if (!target.starts_with(base)) return false;
    return target.size() == base.size() || target[base.size()] == '/' || target[base.size()] == '?';
}

/// The host that a request names: that of a whole URL, else that of the Host header.
std::string_view host_of(std::string_view target, const security::Headers& headers) {
    const std::size_t scheme =
        target.starts_with('/') ? std::string_view::npos : target.find("://");
    if (scheme == std::string_view::npos) return security::header_of(headers, "host");
    target.remove_prefix(scheme + 3);
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    return authority.substr(authority.find('@') + 1);
}

/// An id for a request that brings none: unique enough for a log, and short enough to live inside
/// the string object.
std::string make_request_id() {
    static thread_local std::uint64_t next = TaskId::generate().hash();
    std::string id(15, '0');
    std::uint64_t rest = next += 0x9E3779B97F4A7C15ULL;
    for (char& digit : id) {
        digit = "0123456789abcdef"[rest % 16];
        rest /= 16;
    }
    return id;
}

}  // namespace

std::string request_id_for(std::string_view given) {
    const auto printable = [](char c) { return c > ' ' && c < '\x7f'; };
    if (given.empty() || given.size() > kLongestRequestId ||
        !std::all_of(given.begin(), given.end(), printable)) {
        return make_request_id();
    }
    return std::string(given);
}

std::string_view without_authority(std::string_view target) noexcept {
    if (target.empty() || target.front() == '/') return target;
    const auto scheme = target.find("://");
    if (scheme == std::string_view::npos) return target;
    const auto path = target.find_first_of("/?", scheme + 3);
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

wire::RequestHead head_of(RequestReader& reader, Exchange& exchange) noexcept {
    std::string_view target = without_authority(reader.target());
    const std::string_view base = exchange.state->options.base_path;
    if (under_base(target, base)) target.remove_prefix(base.size());
    exchange.site = &exchange.state->site.at(target);
    return {reader.method(), target, &reader.headers()};
}

void Admission::decide(const std::string& peer) {
    const wire::RequestHead request = head_of(reader_, exchange_);
    exchange_.request_id = request_id_for(request.header("x-request-id"));
    exchange_.keep_alive = reader_.keep_alive();
    exchange_.http_1_0 = reader_.http_1_0();
    const wire::Resource* const asked =
        wire::find_resource(exchange_.site->resources(), request.target);
    const security::Gate* const gate = state_.options.gate.get();
    const bool metered = asked == nullptr || asked->metered;
    if (gate == nullptr || pass_gate(*gate, peer, metered))
        find_route(asked != nullptr && asked->at_root);
    if (!exchange_.refusal) return;
    const auto length = reader_.body_length();
    if (!length || *length > kReadAnyway || reader_.expects_continue()) {
        exchange_.keep_alive = false;
        exchange_.lingering = true;
    }
}

void Admission::find_route(bool at_root) {
    const Options& options = state_.options;
    wire::RequestHead request = head_of(reader_, exchange_);
    const bool whole_server = reader_.target() == "*";
    const std::string_view target = without_authority(reader_.target());
    if (!whole_server && !at_root && !under_base(target, options.base_path)) {
        exchange_.refusal = std::make_unique<wire::HttpResponse>(wire::http_error(
            404, "nothing is served at this path", false, wire::answer_type(request)));
        return;
    }
    if (request.target.empty()) request.target = "/";
    const Site& site = *exchange_.site;
    auto routed = wire::route(request, options.max_body_bytes, options.versions, site.resources());
    auto* route = std::get_if<wire::Route>(&routed);
    if (route == nullptr)
        exchange_.refusal =
            std::make_unique<wire::HttpResponse>(std::move(std::get<wire::HttpResponse>(routed)));
    else if (route->kind == wire::RouteKind::kResource || site.no_agent().empty())
        keep(std::move(*route));
    else
        exchange_.refusal = std::make_unique<wire::HttpResponse>(
            wire::http_error(404, site.no_agent(), request, options.versions));
}

/// In the memory of the last request's, if it is there.
void Admission::keep(wire::Route&& route) {
    if (exchange_.route)
        *exchange_.route = std::move(route);
    else
        exchange_.route = std::make_unique<wire::Route>(std::move(route));
}

bool Admission::pass_gate(const security::Gate& gate, const std::string& peer, bool metered) {
    security::Headers& headers = reader_.headers();
    if (gate.proxies) {
        std::string from = gate.caller(peer, headers);
        exchange_.forwarded_for = from == peer ? std::string() : std::move(from);
    }
    const std::string& caller = exchange_.forwarded_for.empty() ? peer : exchange_.forwarded_for;
    exchange_.cors = gate.cors.fields(headers);
    if (const auto wait = metered ? gate.over_rate(caller, state_.loop.now()) : std::nullopt) {
        Error::Details details;
        details.retry_after = *wait;
        const Error error{ErrorCode::kResourceExhausted,
                          "this address calls too often; try again later", nullptr};
        exchange_.refusal = std::make_unique<wire::HttpResponse>(wire::http_error(
            error.with(std::move(details)), head_of(reader_, exchange_), state_.options.versions));
        return false;
    }
    if (!gate.hosts.allows(host_of(reader_.target(), headers))) {
        exchange_.refusal = std::make_unique<wire::HttpResponse>(wire::http_error(
            421, "the agent is not called by this Host; its operator sets A2AKIT_ALLOWED_HOSTS",
            head_of(reader_, exchange_), state_.options.versions));
        return false;
    }
    if (auto fields = gate.cors.preflight(reader_.method(), headers)) {
        wire::HttpResponse response;
        response.status = 204;
        response.headers = std::move(*fields);
        exchange_.refusal = std::make_unique<wire::HttpResponse>(std::move(response));
        return false;
    }
    return true;
}

}  // namespace a2akit::http
