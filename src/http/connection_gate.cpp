#include "http/connection.hpp"

#include <utility>

namespace a2akit::http {
namespace {

/// The host that a request names: that of a whole URL, else that of the Host header.
std::string_view host_of(std::string_view target, const security::Headers& headers) {
    const std::size_t scheme =
        target.starts_with('/') ? std::string_view::npos : target.find("://");
    if (scheme == std::string_view::npos) return security::header_of(headers, "host");
    target.remove_prefix(scheme + 3);
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    return authority.substr(authority.find('@') + 1);
}

/// Whoever looks after the process may ask for its health as often as it likes.
bool asks_for_health(std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    return path.ends_with("/health") || path.ends_with("/health/ready");
}

}  // namespace

bool Connection::pass_gate(const security::Gate& gate) {
    security::Headers& headers = reader_.headers();
    if (gate.proxies) {
        std::string from = gate.caller(peer_, headers);
        forwarded_for_ = from == peer_ ? std::string() : std::move(from);
    }
    cors_ = gate.cors.fields(headers);
    const bool counted = !asks_for_health(reader_.target());
    if (const auto wait = counted ? gate.over_rate(caller(), shard_.loop.now()) : std::nullopt) {
        Error::Details details;
        details.retry_after = *wait;
        const Error error{ErrorCode::kResourceExhausted,
                          "this address calls too often; try again later", nullptr};
        refusal_ =
            wire::http_error(error.with(std::move(details)), head(), shard_.options.versions);
        return false;
    }
    if (!gate.hosts.allows(host_of(reader_.target(), headers))) {
        refusal_ = wire::http_error(
            421, "the agent is not called by this Host; its operator sets A2AKIT_ALLOWED_HOSTS",
            head(), shard_.options.versions);
        return false;
    }
    if (auto fields = gate.cors.preflight(reader_.method(), headers)) {
        wire::HttpResponse response;
        response.status = 204;
        response.headers = std::move(*fields);
        refusal_ = std::move(response);
        return false;
    }
    return true;
}

}  // namespace a2akit::http
