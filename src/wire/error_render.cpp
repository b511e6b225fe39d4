#include "wire/error_render.hpp"

#include "wire/codec.hpp"
#include "wire/error_table.hpp"
#include "wire/media_type.hpp"
#include "wire/route_table.hpp"

#include <algorithm>

namespace a2akit::wire {
namespace {

constexpr std::size_t kMaxQuotedBytes = 100;
constexpr std::string_view kDefaultChallenge = "Bearer realm=\"a2a\"";

Timestamp now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool has_retry_after(const Error& error) {
    return error.details != nullptr && error.details->retry_after.has_value();
}

void add_retry_after(HttpResponse& response, const Error& error) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.details->retry_after);
    response.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
}

/// A 403 has a challenge when it says which scopes are missing (RFC 6750).
bool names_challenge(const Error& error) {
    return error.code == ErrorCode::kPermissionDenied && error.details != nullptr &&
           !error.details->challenge.empty();
}

}  // namespace

void add_challenge(HttpResponse& response, const Error& error) {
    const bool named = error.details != nullptr && !error.details->challenge.empty();
    response.headers.emplace_back("WWW-Authenticate",
                                  named ? error.details->challenge : kDefaultChallenge);
}

std::string printable(std::string_view text) {
    std::string clean(text.substr(0, kMaxQuotedBytes));
    std::replace_if(clean.begin(), clean.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    if (text.size() > kMaxQuotedBytes) clean += "...";
    return clean;
}

HttpResponse no_content(const Error* error) {
    HttpResponse response;
    response.status = 204;
    if (error == nullptr) return response;
    const int status = error_row(error->code).http_status;
    if (status == 401 || status == 403) response.status = status;
    if (status == 401 || names_challenge(*error)) add_challenge(response, *error);
    return response;
}

HttpResponse json_rpc_error(std::string_view rpc_id, const Error& error, Version version) {
    HttpResponse response;
    response.content_type = kJson;
    const int status = error_row(error.code).http_status;
    const bool has_to_wait = status == 429 && has_retry_after(error);
    if (status == 401 || status == 403 || has_to_wait) response.status = status;
    if (status == 401 || names_challenge(error)) add_challenge(response, error);
    if (has_to_wait) add_retry_after(response, error);
    codec(version).append_json_rpc_error(response.body, rpc_id, error, now());
    return response;
}

HttpResponse json_rpc_refusal(std::string_view rpc_id, const Error& error, Version version,
                              Operation operation) {
    HttpResponse response = json_rpc_error(rpc_id, error, version);
    if (!codec(version).refuses_in_stream(operation)) return response;
    response.content_type = kEventStream;
    response.headers.emplace_back("Cache-Control", "no-cache");
    response.body.insert(0, "data: ");
    response.body += "\n\n";
    return response;
}

HttpResponse status_error(const Error& error, std::string_view content_type, int http_status,
                          Version version) {
    HttpResponse response;
    response.status = http_status != 0 ? http_status : codec(version).http_status(error);
    response.content_type = version == Version::k1_0 ? content_type : kJson;
    if (response.status == 401 || names_challenge(error)) add_challenge(response, error);
    if (has_retry_after(error)) add_retry_after(response, error);
    codec(version).append_http_error(response.body, error, response.status, now());
    return response;
}

namespace {

/// Turns an error of HTTP alone into one of the protocol's.
Error error_of_http(int status, std::string_view message) {
    constexpr std::chrono::milliseconds kRetry{1000};
    if (status == 503) return Error::unavailable(std::string(message), kRetry);
    return Error{status == 500 ? ErrorCode::kInternal : ErrorCode::kInvalidRequest,
                 std::string(message), nullptr};
}

HttpResponse error_by_head(int status, const Error& error, const RequestHead& head,
                           const Versions& versions) {
    const RouteMatch match = match_route(head.method, head.target);
    const Version version = version_of_error(match, head, versions);
    using Outcome = RouteMatch::Outcome;
    const bool known = match.outcome == Outcome::kFound ||
                       (match.outcome == Outcome::kMethodNotAllowed && !head.method.empty());
    const bool json_rpc = known && match.route.kind == RouteKind::kJsonRpc;
    if (!json_rpc) return status_error(error, answer_type(head), status, version);
    HttpResponse response = json_rpc_error({}, error, version);
    response.status = status;
    return response;
}

}  // namespace

HttpResponse http_error(int status, std::string_view message, bool json_rpc,
                        std::string_view content_type) {
    const Error error = error_of_http(status, message);
    if (!json_rpc) return status_error(error, content_type.empty() ? kJson : content_type, status);
    HttpResponse response = json_rpc_error({}, error);
    response.status = status;
    return response;
}

HttpResponse http_error(int status, std::string_view message, const RequestHead& head,
                        const Versions& versions) {
    return error_by_head(status, error_of_http(status, message), head, versions);
}

HttpResponse http_error(const Error& error, const RequestHead& head, const Versions& versions) {
    return error_by_head(error_row(error.code).http_status, error, head, versions);
}

}  // namespace a2akit::wire
