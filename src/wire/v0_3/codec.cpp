#include "wire/v0_3/codec.hpp"

#include "json/writer.hpp"
#include "wire/error_table.hpp"
#include "wire/v0_3/answers.hpp"
#include "wire/v0_3/params.hpp"

#include <array>
#include <utility>

namespace a2akit::wire::v0_3 {
namespace {

constexpr std::array<std::pair<std::string_view, Operation>, 10> kMethods{{
    {"message/send", Operation::kSendMessage},
    {"message/stream", Operation::kSendStreamingMessage},
    {"tasks/get", Operation::kGetTask},
    {"tasks/cancel", Operation::kCancelTask},
    {"tasks/resubscribe", Operation::kSubscribeToTask},
    {"tasks/pushNotificationConfig/set", Operation::kCreateTaskPushNotificationConfig},
    {"tasks/pushNotificationConfig/get", Operation::kGetTaskPushNotificationConfig},
    {"tasks/pushNotificationConfig/list", Operation::kListTaskPushNotificationConfigs},
    {"tasks/pushNotificationConfig/delete", Operation::kDeleteTaskPushNotificationConfig},
    {"agent/getAuthenticatedExtendedCard", Operation::kGetExtendedAgentCard},
}};

constexpr int kInternalError = -32603;

/// Errors without a number in 0.3 become internal errors.
constexpr int error_number(const Error& error) noexcept {
    const int number = error_row(error.code).json_rpc_code;
    const bool of_json_rpc = number == -32700 || (number <= -32600 && number >= -32603);
    const bool of_protocol = number <= -32001 && number >= -32007;
    return of_json_rpc || of_protocol ? number : kInternalError;
}

class Codec final : public wire::Codec {
public:
    [[nodiscard]] std::optional<Operation> operation_by_name(
        std::string_view method) const noexcept override {
        for (const auto& [name, operation] : kMethods) {
            if (name == method) return operation;
        }
        return std::nullopt;
    }

    bool read_params(json::Cursor& cursor, bool json_rpc, OperationParams& params) const override {
        return json_rpc ? read_schema_params(cursor, params) : read_proto_params(cursor, params);
    }

    void write_reply(std::string& out, const Reply& reply, const AnswerForm& form) const override {
        append_reply(out, reply, form);
    }
    void write_event(std::string& out, const StreamResponse& event,
                     const AnswerForm& form) const override {
        append_event(out, event, form);
    }

    void append_json_rpc_error(std::string& out, std::string_view rpc_id, const Error& error,
                               Timestamp) const override {
        out += R"({"jsonrpc":"2.0","id":)";
        out += rpc_id.empty() ? std::string_view("null") : rpc_id;
        out += R"(,"error":)";
        append_error(out, error);
        out += '}';
    }
    void append_http_error(std::string& out, const Error& error, int, Timestamp) const override {
        append_error(out, error);
    }

    /// The statuses that the 0.3 SDKs use; errors about the caller or the server's state have those
    /// of 1.0.
    [[nodiscard]] int http_status(const Error& error) const noexcept override {
        return error.code == ErrorCode::kMethodNotFound ? 501 : error_row(error.code).http_status;
    }

    [[nodiscard]] bool refuses_in_stream(Operation operation) const noexcept override {
        return operation == Operation::kSubscribeToTask;
    }
    [[nodiscard]] std::string_view extensions_header() const noexcept override {
        return "X-A2A-Extensions";
    }

private:
    static void append_error(std::string& out, const Error& error) {
        json::Writer writer(out);
        writer.begin_object();
        writer.key("code");
        writer.integer(error_number(error));
        writer.key("message");
        writer.string(error.message);
        writer.end_object();
    }
};

}  // namespace

std::string_view name_of(Operation operation) noexcept {
    for (const auto& [name, named] : kMethods) {
        if (named == operation) return name;
    }
    return {};
}

const wire::Codec& codec() noexcept {
    static constexpr Codec kCodec;
    return kCodec;
}

}  // namespace a2akit::wire::v0_3
