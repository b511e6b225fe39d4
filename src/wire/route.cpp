#include "wire/decode.hpp"
#include "wire/error_render.hpp"
#include "wire/media_type.hpp"
#include "wire/repeated_headers.hpp"
#include "wire/route_table.hpp"
#include "wire/uri.hpp"
#include "wire/version.hpp"

#include <charconv>

namespace a2akit::wire {
namespace {

/// The facts that the head tells about the body.
struct AnnouncedBody {
    bool present = false;
    std::size_t size = 0;  ///< Also 0 when the body is sent in chunks.
};

AnnouncedBody announced_body(const RequestHead& head) noexcept {
    AnnouncedBody body;
    const std::string_view length = head.header("content-length");
    if (!length.empty()) {
        const auto parsed =
            std::from_chars(length.data(), length.data() + length.size(), body.size);
        if (parsed.ec == std::errc::result_out_of_range) body.size = static_cast<std::size_t>(-1);
        body.present = body.size != 0;
    }
    if (!head.header("transfer-encoding").empty()) body.present = true;
    return body;
}

HttpResponse not_routed(const RouteMatch& match, const RequestHead& head,
                        const Versions& versions) {
    const std::string method = printable(head.method);
    switch (match.outcome) {
        case RouteMatch::Outcome::kMalformed:
            return http_error(400, "the path must be percent-encoded UTF-8 without NUL characters",
                              head, versions);
        case RouteMatch::Outcome::kOptions: {
            HttpResponse response;
            response.status = 204;
            response.headers.emplace_back("Allow", match.allow);
            return response;
        }
        case RouteMatch::Outcome::kMethodNotAllowed: {
            HttpResponse response = http_error(
                405, "this path does not take " + method + " but " + match.allow, head, versions);
            response.headers.emplace_back("Allow", match.allow);
            return response;
        }
        default: {
            const std::string_view path = head.target.substr(0, head.target.find('?'));
            return http_error(404, "there is no " + printable(path) + " here", head, versions);
        }
    }
}

/// The refusal in the manner of the route's binding, with the HTTP status of HTTP+JSON.
HttpResponse refuse(const Route& route, const RequestHead& head, const Error& error,
                    int http_status) {
    if (route.kind == RouteKind::kJsonRpc)
        return json_rpc_error({}, error, version_of_refusal(route, head));
    return status_error(error, answer_type(head), http_status, route.version);
}

Error unsupported(std::string field, std::string message) {
    Error::Details details;
    details.violations.push_back({std::move(field), message});
    return Error{ErrorCode::kContentTypeNotSupported, std::move(message), nullptr}.with(
        std::move(details));
}

/// The refusal; nullopt when the body may be sent.
std::optional<HttpResponse> check_body(const Route& route, const RequestHead& head,
                                       std::size_t max_body_bytes) {
    const AnnouncedBody body = announced_body(head);
    if (body.size > max_body_bytes) {
        return http_error(413,
                          "the body is larger than " + std::to_string(max_body_bytes) + " bytes",
                          head, route.versions);
    }
    if (head.method != "POST") return std::nullopt;
    const std::string_view encoding = trim(head.header("content-encoding"));
    if (!encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
        HttpResponse response = refuse(
            route, head,
            unsupported("Content-Encoding", "Content-Encoding: must be identity or absent"), 415);
        response.status = 415;
        response.headers.emplace_back("Accept-Encoding", "identity");
        return response;
    }
    const bool json_rpc = route.kind == RouteKind::kJsonRpc;
    // A chunked body may turn out to be empty: `decode` decides.
    const bool may_be_empty = !json_rpc && takes_empty_body(route.operation) && body.size == 0;
    if (json_rpc || (body.present && !may_be_empty)) return check_body_type(route, head);
    return std::nullopt;
}

/// The refusal; nullopt when the client accepts the type of the response.
std::optional<HttpResponse> check_accept(const Route& route, const RequestHead& head) {
    const std::string_view accept = head.header("accept");
    const bool may_stream = route.kind == RouteKind::kJsonRpc || is_streaming(route.operation);
    if (!preferred_json(accept, kJson).empty()) return std::nullopt;
    if (may_stream && acceptance(accept, kEventStream) > 0) return std::nullopt;
    HttpResponse response = refuse(
        route, head,
        unsupported("Accept",
                    std::string("Accept: must allow application/json, application/a2a+json") +
                        (may_stream ? " or text/event-stream" : "")),
        406);
    response.status = 406;
    return response;
}

}  // namespace

std::string_view answer_type(const RequestHead& head) noexcept {
    const std::string_view sent = readable_body_type(head.header("content-type"));
    const std::string_view preferred =
        preferred_json(head.header("accept"), sent.empty() ? kA2aJson : sent);
    if (!preferred.empty()) return preferred;
    return sent.empty() ? kJson : sent;
}

Version version_of_refusal(const Route& route, const RequestHead& head) {
    if (route.kind != RouteKind::kJsonRpc) return route.version;
    return version_for_errors(requested_version(head.header("a2a-version"), route.query),
                              route.versions);
}

std::string_view RequestHead::header(std::string_view lower_case_name) const noexcept {
    if (headers == nullptr) return {};
    for (const auto& [name, value] : *headers) {
        if (name == lower_case_name) return value;
    }
    return {};
}

std::optional<HttpResponse> check_body_type(const Route& route, const RequestHead& head) {
    const std::string_view type = head.header("content-type");
    if (!readable_body_type(type).empty()) return std::nullopt;
    return refuse(
        route, head,
        unsupported("Content-Type",
                    "Content-Type: must be application/json or application/a2a+json, not \"" +
                        printable(type) + '"'),
        415);
}

namespace {

/// The refusal of a path that the named version does not have.
Error not_in_version(const RouteMatch& match) {
    if (match.route.version == Version::k0_3 && match.shared_with_v03) {
        return Error{ErrorCode::kMethodNotFound,
                     "protocol 0.3 does not list tasks; send \"A2A-Version: 1.0\"", nullptr};
    }
    return Error{ErrorCode::kMethodNotFound,
                 "this is a path of protocol 1.0, and A2A-Version says 0.3, whose paths are "
                 "/v1/message:send, "
                 "/v1/message:stream, /v1/tasks/{id} and below",
                 nullptr};
}

/// Sets the version that an operation is read in. Returns the refusal when the version is not
/// served or does not have this path.
std::optional<HttpResponse> settle_version(RouteMatch& match, const RequestHead& head) {
    Route& route = match.route;
    const std::string requested = requested_version(head.header("a2a-version"), route.query);
    const auto version = choose_version(requested, match.shared_with_v03, route.versions);
    if (!version) return refuse(route, head, version.error(), 0);
    route.version = *version;
    if (route.version == Version::k1_0 && match.only_v03) {
        match.outcome = RouteMatch::Outcome::kUnknownPath;
        return not_routed(match, head, route.versions);
    }
    if (route.version == Version::k1_0) return std::nullopt;
    if (!match.shared_with_v03) return refuse(route, head, not_in_version(match), 404);
    if (route.operation == Operation::kListTasks)
        return refuse(route, head, not_in_version(match), 0);
    return std::nullopt;
}

}  // namespace

std::variant<Route, HttpResponse> route(const RequestHead& head, std::size_t max_body_bytes,
                                        const Versions& versions, const Resources& resources) {
    RouteMatch match = match_route(head.method, head.target, resources);
    match.route.versions = versions;
    if (match.chat && !versions.chat) match.outcome = RouteMatch::Outcome::kUnknownPath;
    if (match.outcome != RouteMatch::Outcome::kFound) return not_routed(match, head, versions);
    if (const auto contradiction = settle_repeated_headers(head)) {
        match.route.version = version_of_error(match, head, versions);
        return refuse(match.route, head, *contradiction, 0);
    }
    const RouteKind kind = match.route.kind;
    if (kind == RouteKind::kResource) return std::move(match.route);
    if (match.chat) {
        match.route.version = Version::kChat;
    } else if (kind == RouteKind::kOperation) {
        if (auto refused = settle_version(match, head)) return std::move(*refused);
    }
    if (auto refused = check_body(match.route, head, max_body_bytes)) return std::move(*refused);
    if (auto refused = check_accept(match.route, head)) return std::move(*refused);
    return std::move(match.route);
}

}  // namespace a2akit::wire
