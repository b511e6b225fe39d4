#include "client/error_reader.hpp"

#include "json/cursor.hpp"
#include "wire/error_table.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace a2akit::client {
namespace {

using json::Cursor;
using json::Kind;

/// The fields of either binding's error object, before the code is looked up.
struct RawError {
    std::int32_t code = 0;
    std::string message;
    std::string reason;
    Error::Details details;
};

bool read_metadata(Cursor& cursor, Error::Details& details) {
    return cursor.object([&](std::string_view key) {
        if (cursor.kind() != Kind::kString) return cursor.skip();
        auto& entry = details.metadata.emplace_back(key, std::string());
        return cursor.string(entry.second);
    });
}

bool read_violations(Cursor& cursor, Error::Details& details) {
    return cursor.array([&] {
        auto& violation = details.violations.emplace_back();
        return cursor.object([&](std::string_view key) {
            if (key == "field") return cursor.string(violation.field);
            if (key == "description") return cursor.string(violation.description);
            return cursor.skip();
        });
    });
}

/// "1.5s", as google.protobuf.Duration is written.
bool read_retry_delay(Cursor& cursor, Error::Details& details) {
    std::string text;
    if (!cursor.string(text)) return false;
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (end != text.c_str() && *end == 's' && seconds >= 0 && seconds < 1e9) {
        details.retry_after = std::chrono::milliseconds(std::llround(seconds * 1000));
    }
    return true;
}

/// One google.rpc detail of whichever kind: their field names differ.
bool read_detail(Cursor& cursor, RawError& error) {
    if (cursor.kind() != Kind::kObject) return cursor.skip();
    return cursor.object([&](std::string_view key) {
        if (key == "reason") return cursor.string(error.reason);
        if (key == "metadata") return read_metadata(cursor, error.details);
        if (key == "fieldViolations") return read_violations(cursor, error.details);
        if (key == "retryDelay") return read_retry_delay(cursor, error.details);
        return cursor.skip();
    });
}

/// JSON-RPC calls the list of details "data", google.rpc.Status "details".
RawError read_error_object(std::string_view text) {
    RawError error;
    Cursor cursor(text, json::Mode::kLenient, json::kReadBack);
    (void)cursor.object([&](std::string_view key) {
        if (key == "code" && cursor.kind() == Kind::kNumber) return cursor.int32(error.code);
        if (key == "message" && cursor.kind() == Kind::kString) return cursor.string(error.message);
        if ((key == "data" || key == "details") && cursor.kind() == Kind::kArray) {
            return cursor.array([&] { return read_detail(cursor, error); });
        }
        return cursor.skip();
    });
    return error;
}

Error to_error(RawError raw, ErrorCode by_number) {
    Error error;
    error.code = wire::error_from_reason(raw.reason).value_or(by_number);
    error.message = raw.message.empty() ? "the agent gave no reason" : std::move(raw.message);
    const auto& details = raw.details;
    if (!details.violations.empty() || !details.metadata.empty() || details.retry_after) {
        error.details = std::make_shared<const Error::Details>(std::move(raw.details));
    }
    return error;
}

}  // namespace

Envelope read_envelope(std::string_view body) {
    Envelope envelope;
    Cursor cursor(body, json::Mode::kLenient, json::kReadBack);
    if (cursor.kind() != Kind::kObject) return envelope;
    bool has_code = false;
    bool has_message = false;
    bool is_response = false;
    const bool read = cursor.object([&](std::string_view key) {
        if (key == "result") return cursor.raw(envelope.result);
        if (key == "error") return cursor.raw(envelope.error);
        is_response |= key == "jsonrpc";
        has_code |= key == "code" && cursor.kind() == Kind::kNumber;
        has_message |= key == "message" && cursor.kind() == Kind::kString;
        return cursor.skip();
    });
    if (!read || !cursor.finish()) return {};
    envelope.is_bare_error = has_code && has_message;
    envelope.is_empty_response = is_response && envelope.result.empty() && envelope.error.empty();
    return envelope;
}

Error read_json_rpc_error(std::string_view error) {
    RawError raw = read_error_object(error);
    const ErrorCode by_number = wire::error_from_json_rpc(raw.code);
    return to_error(std::move(raw), by_number);
}

Error read_status_error(std::string_view error) {
    RawError raw = read_error_object(error);
    const ErrorCode by_number = wire::error_from_http(raw.code);
    return to_error(std::move(raw), by_number);
}

Error read_http_error(int status, std::string_view body) {
    const Envelope envelope = read_envelope(body);
    if (!envelope.error.empty()) {
        RawError raw = read_error_object(envelope.error);
        return to_error(std::move(raw), wire::error_from_http(status));
    }
    if (envelope.is_bare_error) return read_json_rpc_error(body);
    // Python's 0.3 SDK writes nothing but a message.
    std::string message = read_error_object(body).message;
    if (message.empty()) message = "the agent answered with HTTP status " + std::to_string(status);
    // Such as a redirect, which is not followed.
    const bool is_error = status >= 400;
    return {is_error ? wire::error_from_http(status) : ErrorCode::kInvalidAgentResponse,
            std::move(message), nullptr};
}

}  // namespace a2akit::client
