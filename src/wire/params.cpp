#include "wire/params.hpp"

#include "json/request_descriptions.hpp"
#include "json/scalars.hpp"
#include "wire/route_table.hpp"

#include <fmt/format.h>

#include <utility>

namespace a2akit::wire {
namespace {

constexpr std::int32_t kMaxPageSize = 100;
constexpr std::size_t kMaxViolations = 32;

/// Explains what is wrong with a query parameter's value; empty: it is valid.
using Fault = std::string;

Fault read_value(const std::string& text, std::string& out) {
    out = text;
    return {};
}
Fault read_value(const std::string& text, std::int32_t& out) {
    const auto number = json::parse_int32(text);
    if (!number) return "must be a whole number of 32 bits, got \"" + text + '"';
    out = *number;
    return {};
}
Fault read_value(const std::string& text, bool& out) {
    if (text != "true" && text != "false") return "must be true or false, got \"" + text + '"';
    out = text == "true";
    return {};
}
Fault read_value(const std::string& text, TaskState& out) {
    auto state = json::parse_enum<TaskState>(text);
    if (!state) state = json::parse_enum_number<TaskState>(text);
    if (!state)
        return "must be one of " + json::list_enum_names<TaskState>() + ", got \"" + text + '"';
    out = *state;
    return {};
}
/// The only time of a query is statusTimestampAfter, which the descriptions round up as well.
Fault read_value(const std::string& text, Timestamp& out) {
    const auto time = json::parse_timestamp(text, json::Rounding::kUp);
    if (!time) return "must be a time such as 2025-10-28T10:30:00.000Z, got \"" + text + '"';
    out = *time;
    return {};
}
template <class T>
Fault read_value(const std::string& text, std::optional<T>& out) {
    return read_value(text, out.emplace());
}
Fault read_value(const std::string&, RawJson&) { return "can't be sent in a query"; }

/// `seen` has a bit per field.
template <class P>
void read_parameter(const std::string& name, const std::string& value, P& params, unsigned& seen,
                    std::vector<FieldViolation>& violations) {
    unsigned bit = 1;
    const auto try_field = [&](const auto& field) {
        const unsigned mine = std::exchange(bit, bit << 1U);
        if (name != field.name.camel() && name != field.name.snake()) return;
        const bool again = (seen & mine) != 0;
        seen |= mine;
        Fault fault = again ? "is given twice" : read_value(value, params.*field.member);
        if (!fault.empty())
            violations.push_back({std::string(field.name.camel()), std::move(fault)});
    };
    std::apply([&](const auto&... fields) { (try_field(fields), ...); },
               json::Description<P>::kFields);
}

/// Only these operations have no body.
template <class P>
constexpr bool kHasQuery =
    !std::is_same_v<P, SendMessageRequest> && !std::is_same_v<P, TaskPushNotificationConfig>;

void check_same(std::string_view field, const std::string& from_path, const std::string& given,
                std::vector<FieldViolation>& violations) {
    if (from_path.empty() || given == from_path) return;
    violations.push_back({std::string(field), "must be what the path says, or absent"});
}

void check_not_negative(std::string_view field, std::optional<std::int32_t> value,
                        std::vector<FieldViolation>& violations) {
    if (!value || *value >= 0) return;
    violations.push_back({std::string(field), fmt::format("must not be negative, got {}", *value)});
}

}  // namespace

std::optional<Operation> operation_by_name(std::string_view name) noexcept {
    for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(Operation::kGetExtendedAgentCard);
         ++i) {
        if (to_string(Operation{i}) == name) return Operation{i};
    }
    return std::nullopt;
}

void reset_params(Operation operation, OperationParams& params) {
    switch (operation) {
        case Operation::kSendMessage:
        case Operation::kSendStreamingMessage:
            params.emplace<SendMessageRequest>();
            return;
        case Operation::kGetTask:
            params.emplace<GetTaskRequest>();
            return;
        case Operation::kListTasks:
            params.emplace<ListTasksRequest>();
            return;
        case Operation::kCancelTask:
            params.emplace<CancelTaskRequest>();
            return;
        case Operation::kSubscribeToTask:
            params.emplace<SubscribeToTaskRequest>();
            return;
        case Operation::kCreateTaskPushNotificationConfig:
            params.emplace<TaskPushNotificationConfig>();
            return;
        case Operation::kGetTaskPushNotificationConfig:
            params.emplace<GetTaskPushNotificationConfigRequest>();
            return;
        case Operation::kListTaskPushNotificationConfigs:
            params.emplace<ListTaskPushNotificationConfigsRequest>();
            return;
        case Operation::kDeleteTaskPushNotificationConfig:
            params.emplace<DeleteTaskPushNotificationConfigRequest>();
            return;
        case Operation::kGetExtendedAgentCard:
            params.emplace<GetExtendedAgentCardRequest>();
            return;
    }
}

void fill_from_path(const Route& route, OperationParams& params) {
    std::visit(
        [&](auto& p) {
            if constexpr (requires { p.task_id; }) {
                p.task_id = route.id;
                if constexpr (requires { p.id; }) p.id = route.config_id;
            } else if constexpr (requires { p.id; }) {
                p.id = route.id;
            }
        },
        params);
}

void read_query(const QueryPairs& query, OperationParams& params,
                std::vector<FieldViolation>& violations) {
    std::visit(
        [&]<class P>(P& p) {
            if constexpr (kHasQuery<P>) {
                unsigned seen = 0;
                for (const auto& [name, value] : query) {
                    if (violations.size() == kMaxViolations) break;
                    read_parameter(name, value, p, seen, violations);
                }
            }
        },
        params);
}

void check_path(const Route& route, const OperationParams& params,
                std::vector<FieldViolation>& violations) {
    std::visit(
        [&](const auto& p) {
            if constexpr (requires { p.task_id; }) {
                check_same("taskId", route.id, p.task_id, violations);
                if constexpr (requires { p.id; })
                    check_same("id", route.config_id, p.id, violations);
            } else if constexpr (requires { p.id; }) {
                check_same("id", route.id, p.id, violations);
            }
        },
        params);
}

void check_ranges(const OperationParams& params, Operation operation,
                  std::vector<FieldViolation>& violations) {
    if (const auto* send = std::get_if<SendMessageRequest>(&params)) {
        if (send->configuration) {
            check_not_negative("configuration.historyLength", send->configuration->history_length,
                               violations);
        }
    } else if (const auto* get = std::get_if<GetTaskRequest>(&params)) {
        check_not_negative("historyLength", get->history_length, violations);
    } else if (const auto* list = std::get_if<ListTasksRequest>(&params)) {
        check_not_negative("historyLength", list->history_length, violations);
        if (list->page_size && (*list->page_size < 1 || *list->page_size > kMaxPageSize)) {
            violations.push_back({"pageSize", fmt::format("must be between 1 and {}, got {}",
                                                          kMaxPageSize, *list->page_size)});
        }
    } else if (const auto* configs = std::get_if<ListTaskPushNotificationConfigsRequest>(&params)) {
        check_not_negative("pageSize", configs->page_size, violations);
    } else if (const auto* config = std::get_if<TaskPushNotificationConfig>(&params)) {
        const bool nameless =
            operation == Operation::kCreateTaskPushNotificationConfig && config->task_id.empty();
        if (nameless) violations.push_back({"taskId", "is required"});
    }
}

Result<std::string> unify_tenant(std::string_view from_path, OperationParams& params) {
    Result<std::string> tenant = std::visit(
        [&](auto& p) -> Result<std::string> {
            if (p.tenant.empty() && !from_path.empty()) p.tenant = from_path;
            if (!from_path.empty() && p.tenant != from_path) {
                return fail(
                    Error::invalid_field("tenant", "must be what the path says, or absent"));
            }
            return p.tenant;
        },
        params);
    if (!tenant || tenant->empty()) return tenant;
    if (tenant->size() > kMaxNameBytes) {
        return fail(
            Error::invalid_field("tenant", fmt::format("is longer than {} bytes", kMaxNameBytes)));
    }
    if (!may_be_tenant(*tenant))
        return fail(Error::invalid_field("tenant", "is reserved: it cannot be used as a tenant"));
    return tenant;
}

Error invalid_params(std::vector<FieldViolation> violations) {
    std::string message;
    for (const FieldViolation& violation : violations) {
        if (!message.empty()) message += "; ";
        if (!violation.field.empty()) message += violation.field + ": ";
        message += violation.description;
    }
    Error::Details details;
    details.violations = std::move(violations);
    return Error{ErrorCode::kInvalidParams, std::move(message), nullptr}.with(std::move(details));
}

}  // namespace a2akit::wire
