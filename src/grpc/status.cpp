#include "grpc/status.hpp"

#include "a2a_status.pb.h"
#include "wire/error_table.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace a2akit::rpc {
namespace {

// Clients refuse trailers of more than 8 kB in all, in which the message stands twice: once
// percent-encoded, once in the details, which are base64.
constexpr std::size_t kMaxMessageBytes = 1024;
constexpr std::size_t kMaxDetailsBytes = 3000;

constexpr std::array<std::pair<std::string_view, ::grpc::StatusCode>, 9> kCodes{{
    {"NOT_FOUND", ::grpc::StatusCode::NOT_FOUND},
    {"FAILED_PRECONDITION", ::grpc::StatusCode::FAILED_PRECONDITION},
    {"INVALID_ARGUMENT", ::grpc::StatusCode::INVALID_ARGUMENT},
    {"INTERNAL", ::grpc::StatusCode::INTERNAL},
    {"UNIMPLEMENTED", ::grpc::StatusCode::UNIMPLEMENTED},
    {"UNAUTHENTICATED", ::grpc::StatusCode::UNAUTHENTICATED},
    {"PERMISSION_DENIED", ::grpc::StatusCode::PERMISSION_DENIED},
    {"RESOURCE_EXHAUSTED", ::grpc::StatusCode::RESOURCE_EXHAUSTED},
    {"UNAVAILABLE", ::grpc::StatusCode::UNAVAILABLE},
}};

::grpc::StatusCode code_of(std::string_view name) {
    for (const auto& [text, code] : kCodes) {
        if (text == name) return code;
    }
    return ::grpc::StatusCode::INTERNAL;
}

/// `text`, cut between two characters when it is too long.
std::string shortened(std::string_view text) {
    if (text.size() <= kMaxMessageBytes) return std::string(text);
    std::size_t end = kMaxMessageBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
    return std::string(text.substr(0, end)) + "...";
}

/// Adds a detail if there is room for it.
void add(details::Status& status, std::string_view type, const google::protobuf::Message& detail) {
    if (status.ByteSizeLong() + detail.ByteSizeLong() > kMaxDetailsBytes) return;
    auto& any = *status.add_details();
    any.set_type_url("type.googleapis.com/google.rpc." + std::string(type));
    any.set_value(detail.SerializeAsString());
}

details::ErrorInfo info_of(const wire::ErrorRow& row, const Error& error) {
    details::ErrorInfo info;
    info.set_reason(std::string(row.reason));
    const bool of_protocol = row.info == wire::Info::kSpecification;
    info.set_domain(std::string(of_protocol ? wire::kSpecificationDomain : wire::kOwnDomain));
    if (error.details != nullptr) {
        for (const auto& [name, value] : error.details->metadata)
            (*info.mutable_metadata())[name] = value;
    }
    return info;
}

}  // namespace

::grpc::Status to_status(const Error& error) {
    const wire::ErrorRow& row = wire::error_row(error.code);
    const ::grpc::StatusCode code = code_of(row.grpc_status);
    details::Status status;
    status.set_code(code);
    status.set_message(shortened(error.message));
    add(status, "ErrorInfo", info_of(row, error));
    if (error.details != nullptr && !error.details->violations.empty()) {
        details::BadRequest wrong;
        for (const FieldViolation& violation : error.details->violations) {
            auto& field = *wrong.add_field_violations();
            field.set_field(violation.field);
            field.set_description(violation.description);
            if (status.ByteSizeLong() + wrong.ByteSizeLong() <= kMaxDetailsBytes - 64) continue;
            wrong.mutable_field_violations()->RemoveLast();
            break;
        }
        add(status, "BadRequest", wrong);
    }
    if (error.details != nullptr && error.details->retry_after) {
        const auto delay = *error.details->retry_after;
        const auto seconds = std::chrono::floor<std::chrono::seconds>(delay);
        details::RetryInfo retry;
        retry.mutable_retry_delay()->set_seconds(seconds.count());
        retry.mutable_retry_delay()->set_nanos(
            static_cast<std::int32_t>(std::chrono::nanoseconds(delay - seconds).count()));
        add(status, "RetryInfo", retry);
    }
    return {code, status.message(), status.SerializeAsString()};
}

}  // namespace a2akit::rpc
