#include "wire/error_render.hpp"

#include "json/writer.hpp"
#include "wire/error_table.hpp"
#include "wire/media_type.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace a2akit::wire {
namespace {

constexpr std::size_t kMaxQuotedBytes = 100;
constexpr std::string_view kDefaultChallenge = "Bearer realm=\"a2a\"";

Timestamp now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

void begin_detail(json::Writer& writer, std::string_view type) {
    writer.element();
    writer.begin_object();
    writer.key("@type");
    writer.string(fmt::format("type.googleapis.com/google.rpc.{}", type));
}

void write_error_info(json::Writer& writer, const ErrorRow& row, const Error::Details* details, Timestamp time) {
    begin_detail(writer, "ErrorInfo");
    writer.key("reason");
    writer.string(row.reason);
    writer.key("domain");
    writer.string(row.info == Info::kSpecification ? kSpecificationDomain : kOwnDomain);
    writer.key("metadata");
    writer.begin_object();
    if (details != nullptr) {
        for (const auto& [name, value] : details->metadata) {
            writer.foreign_key(name);
            writer.string(value);
        }
    }
    writer.key("timestamp");
    writer.string(to_string(time));
    writer.end_object();
    writer.end_object();
}

void write_bad_request(json::Writer& writer, const std::vector<FieldViolation>& violations) {
    begin_detail(writer, "BadRequest");
    writer.key("fieldViolations");
    writer.begin_array();
    for (const FieldViolation& violation : violations) {
        writer.element();
        writer.begin_object();
        writer.key("field");
        writer.string(violation.field);
        writer.key("description");
        writer.string(violation.description);
        writer.end_object();
    }
    writer.end_array();
    writer.end_object();
}

void write_retry_info(json::Writer& writer, std::chrono::milliseconds delay) {
    begin_detail(writer, "RetryInfo");
    writer.key("retryDelay");
    const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
    const auto rest = delay - seconds;
    writer.string(rest.count() == 0 ? fmt::format("{}s", seconds.count())
                                    : fmt::format("{}.{:03}s", seconds.count(), rest.count()));
    writer.end_object();
}

/// The field `name` with the array of details; nothing when there is none.
void write_details(json::Writer& writer, std::string_view name, const Error& error, Timestamp time) {
    const ErrorRow& row = error_row(error.code);
    const Error::Details* details = error.details.get();
    const bool info = row.info != Info::kMetadataOnly || (details != nullptr && !details->metadata.empty());
    const bool violations = details != nullptr && !details->violations.empty();
    const bool retry = details != nullptr && details->retry_after.has_value();
    if (!info && !violations && !retry) return;
    writer.key(name);
    writer.begin_array();
    if (info) write_error_info(writer, row, details, time);
    if (violations) write_bad_request(writer, details->violations);
    if (retry) write_retry_info(writer, *details->retry_after);
    writer.end_array();
}

}  // namespace

void add_challenge(HttpResponse& response, const Error& error) {
    const bool named = error.details != nullptr && !error.details->challenge.empty();
    response.headers.emplace_back("WWW-Authenticate", named ? error.details->challenge : kDefaultChallenge);
}

std::string printable(std::string_view text) {
    std::string clean(text.substr(0, kMaxQuotedBytes));
    std::replace_if(clean.begin(), clean.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    if (text.size() > kMaxQuotedBytes) clean += "...";
    return clean;
}

void append_json_rpc_error(std::string& out, std::string_view rpc_id, const Error& error, Timestamp time) {
    json::Writer writer(out);
    out += R"({"jsonrpc":"2.0","id":)";
    out += rpc_id.empty() ? std::string_view("null") : rpc_id;
    out += R"(,"error":{"code":)";
    writer.integer(error_row(error.code).json_rpc_code);
    writer.key("message");
    writer.string(error.message);
    write_details(writer, "data", error, time);
    out += "}}";
}

void append_status(std::string& out, const Error& error, int http_status, Timestamp time) {
    const ErrorRow& row = error_row(error.code);
    json::Writer writer(out);
    out += R"({"error":{"code":)";
    writer.integer(http_status);
    writer.key("status");
    writer.string(http_status == row.http_status ? row.grpc_status : grpc_status_of_http(http_status));
    writer.key("message");
    writer.string(error.message);
    write_details(writer, "details", error, time);
    out += "}}";
}

HttpResponse wordless(const Error* error) {
    HttpResponse response;
    response.status = 204;
    if (error == nullptr) return response;
    const int status = error_row(error->code).http_status;
    if (status == 401 || status == 403) response.status = status;
    if (status == 401) add_challenge(response, *error);
    return response;
}

HttpResponse json_rpc_error(std::string_view rpc_id, const Error& error) {
    HttpResponse response;
    response.content_type = kJson;
    const int status = error_row(error.code).http_status;
    if (status == 401 || status == 403) response.status = status;
    if (status == 401) add_challenge(response, error);
    append_json_rpc_error(response.body, rpc_id, error, now());
    return response;
}

HttpResponse status_error(const Error& error, std::string_view content_type, int http_status) {
    HttpResponse response;
    response.status = http_status != 0 ? http_status : error_row(error.code).http_status;
    response.content_type = content_type;
    if (response.status == 401) add_challenge(response, error);
    if (error.details != nullptr && error.details->retry_after) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.details->retry_after);
        response.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
    }
    append_status(response.body, error, response.status, now());
    return response;
}

HttpResponse http_error(int status, std::string_view message, bool json_rpc, std::string_view content_type) {
    constexpr std::chrono::milliseconds kRetry{1000};
    Error error{ErrorCode::kInvalidRequest, std::string(message), nullptr};
    if (status == 503) error = Error::unavailable(std::string(message), kRetry);
    if (status == 500) error.code = ErrorCode::kInternal;
    if (json_rpc) {
        HttpResponse response = json_rpc_error({}, error);
        response.status = status;
        return response;
    }
    return status_error(error, content_type.empty() ? kJson : content_type, status);
}

}  // namespace a2akit::wire
