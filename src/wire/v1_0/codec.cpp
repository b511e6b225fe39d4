#include "wire/v1_0/codec.hpp"

#include "json/codec.hpp"
#include "wire/error_table.hpp"
#include "wire/params.hpp"

#include <fmt/format.h>

namespace a2akit::wire::v1_0 {
namespace {

void begin_detail(json::Writer& writer, std::string_view type) {
    writer.element();
    writer.begin_object();
    writer.key("@type");
    writer.string(fmt::format("type.googleapis.com/google.rpc.{}", type));
}

void write_error_info(json::Writer& writer, const ErrorRow& row, const Error::Details* details,
                      Timestamp time) {
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
void write_details(json::Writer& writer, std::string_view name, const Error& error,
                   Timestamp time) {
    const ErrorRow& row = error_row(error.code);
    const Error::Details* details = error.details.get();
    const bool info =
        row.info != Info::kMetadataOnly || (details != nullptr && !details->metadata.empty());
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

/// Both bindings write the same JSON (specification 1.0, section 5.5).
class Codec final : public wire::Codec {
public:
    [[nodiscard]] std::optional<Operation> operation_by_name(
        std::string_view method) const noexcept override {
        return wire::operation_by_name(method);
    }

    bool read_params(json::Cursor& cursor, bool, OperationParams& params) const override {
        return std::visit([&](auto& p) { return json::read(cursor, p); }, params);
    }

    /// A reply that is a stream has no single value; `http` never asks for one.
    void write_reply(std::string& out, const Reply& reply, const AnswerForm&) const override {
        std::visit(
            [&out]<class R>(const R& value) {
                if constexpr (std::is_same_v<R, Empty> ||
                              std::is_same_v<R, std::unique_ptr<EventStream>>) {
                    out += "{}";
                } else {
                    json::encode(value, out);
                }
            },
            reply);
    }

    void write_event(std::string& out, const StreamResponse& event,
                     const AnswerForm&) const override {
        json::encode(event, out);
    }

    void append_json_rpc_error(std::string& out, std::string_view rpc_id, const Error& error,
                               Timestamp now) const override {
        json::Writer writer(out);
        out += R"({"jsonrpc":"2.0","id":)";
        out += rpc_id.empty() ? std::string_view("null") : rpc_id;
        out += R"(,"error":{"code":)";
        writer.integer(error_row(error.code).json_rpc_code);
        writer.key("message");
        writer.string(error.message);
        write_details(writer, "data", error, now);
        out += "}}";
    }

    /// The JSON of google.rpc.Status.
    void append_http_error(std::string& out, const Error& error, int http_status,
                           Timestamp now) const override {
        const ErrorRow& row = error_row(error.code);
        json::Writer writer(out);
        out += R"({"error":{"code":)";
        writer.integer(http_status);
        writer.key("status");
        writer.string(http_status == row.http_status ? row.grpc_status
                                                     : grpc_status_of_http(http_status));
        writer.key("message");
        writer.string(error.message);
        write_details(writer, "details", error, now);
        out += "}}";
    }

    [[nodiscard]] int http_status(const Error& error) const noexcept override {
        return error_row(error.code).http_status;
    }
    [[nodiscard]] bool refuses_in_stream(Operation) const noexcept override { return false; }
    [[nodiscard]] std::string_view extensions_header() const noexcept override {
        return "A2A-Extensions";
    }
};

}  // namespace

const wire::Codec& codec() noexcept {
    static constexpr Codec kCodec;
    return kCodec;
}

}  // namespace a2akit::wire::v1_0
