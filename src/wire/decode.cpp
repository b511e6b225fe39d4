#include "wire/decode.hpp"

#include "wire/chat/codec.hpp"
#include "wire/codec.hpp"
#include "wire/error_render.hpp"
#include "wire/media_type.hpp"
#include "wire/params.hpp"
#include "wire/route_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace a2akit::wire {
namespace {

Result<void> read_body(std::string_view body, Version version, OperationParams& params) {
    json::Cursor cursor(body, json::Mode::kStrict, kRequestLimits);
    codec(version).read_params(cursor, false, params);
    return cursor.finish();
}

/// Whether the body is empty, or the JSON that some clients send for an empty one.
bool is_empty(std::string_view body, Version version) {
    constexpr std::string_view kSpace = " \t\r\n";
    if (body.empty() || version != Version::k0_3) return body.empty();
    body.remove_prefix(std::min(body.find_first_not_of(kSpace), body.size()));
    return body.starts_with("null") && body.find_first_not_of(kSpace, 4) == std::string_view::npos;
}

/// Moves the headers into the last call and copies them into the others.
void hand_over_headers(const RequestHead& head, Decoded& decoded) {
    if (head.headers == nullptr) return;
    Call* previous = nullptr;
    for (auto& entry : decoded.entries) {
        Call* call = std::get_if<Call>(&entry);
        if (call == nullptr) continue;
        if (previous != nullptr) previous->envelope.context.headers = *head.headers;
        previous = call;
    }
    if (previous != nullptr) previous->envelope.context.headers = std::move(*head.headers);
}

}  // namespace

Result<void> note_violations(const Result<void>& read, std::vector<FieldViolation>& violations) {
    if (read) return {};
    const auto& details = read.error().details;
    if (read.error().code != ErrorCode::kInvalidParams || !details || details->violations.empty()) {
        return fail(read.error());
    }
    violations.insert(violations.end(), details->violations.begin(), details->violations.end());
    return {};
}

Result<void> complete(const Route& route, const ServiceParameters& parameters,
                      std::vector<FieldViolation> violations, RequestEnvelope& envelope) {
    std::vector<FieldViolation> found;
    check_path(route, envelope.params, found);
    check_ranges(envelope.params, envelope.operation, found);
    for (FieldViolation& violation : found) {
        // A value that could not be read cannot be out of range.
        const auto is_same = [&](const FieldViolation& other) {
            return other.field == violation.field;
        };
        if (std::none_of(violations.begin(), violations.end(), is_same))
            violations.push_back(std::move(violation));
    }
    if (!violations.empty()) return fail(invalid_params(std::move(violations)));
    auto tenant = unify_tenant(route.tenant, envelope.params);
    if (!tenant) return fail(std::move(tenant.error()));
    envelope.tenant = std::move(*tenant);
    return apply(parameters, envelope);
}

void name_other_form(std::string_view params, const AnswerForm& form, Error& error) {
    struct Other {
        Version version;
        bool json_rpc;
        std::string_view name;
    };
    // 1.0 has the same form in both bindings.
    static constexpr std::array<Other, 3> kOthers{
        {{Version::k1_0, false, "protocol 1.0"},
         {Version::k0_3, true, "protocol 0.3 over JSON-RPC"},
         {Version::k0_3, false, "protocol 0.3 over HTTP+JSON"}}};
    const bool send = form.operation == Operation::kSendMessage ||
                      form.operation == Operation::kSendStreamingMessage;
    if (!send || error.code != ErrorCode::kInvalidParams) return;
    for (const Other& other : kOthers) {
        const bool same_binding = other.version == Version::k1_0 || other.json_rpc == form.json_rpc;
        if (other.version == form.version && same_binding) continue;
        OperationParams read = SendMessageRequest{};
        json::Cursor cursor(params, json::Mode::kStrict, kRequestLimits);
        codec(other.version).read_params(cursor, other.json_rpc, read);
        if (!cursor.finish()) continue;
        error.message.append("; this is how ").append(other.name).append(" writes a message");
        return;
    }
}

Result<void> decode_http_json(const Route& route, const RequestHead& head,
                              const ServiceParameters& parameters, std::string_view body,
                              Call& call) {
    call.version = route.version;
    call.operation = route.operation;
    call.content_type = route.version == Version::k1_0 ? answer_type(head) : kJson;
    RequestEnvelope& envelope = call.envelope;
    if (route.version == Version::kChat) {
        Result<void> read = chat::read_request(body, head, call);
        return read ? complete(route, parameters, {}, envelope) : read;
    }
    envelope.operation = route.operation;
    envelope.version = route.version;
    reset_params(route.operation, envelope.params);
    fill_from_path(route, envelope.params);
    std::vector<FieldViolation> violations;
    if (head.method != "POST") {
        auto query = parse_query(route.query);
        if (!query) return fail(std::move(query.error()));
        read_query(*query, envelope.params, violations);
    } else if (!takes_empty_body(route.operation) || !is_empty(body, route.version)) {
        auto read = read_body(body, route.version, envelope.params);
        if (auto failed = note_violations(read, violations); !failed) return failed;
    }
    auto completed = complete(route, parameters, std::move(violations), envelope);
    if (!completed) name_other_form(body, call, completed.error());
    return completed;
}

std::variant<Decoded, HttpResponse> decode(const Route& route, const RequestHead& head,
                                           std::string_view body) {
    const bool json_rpc = route.kind == RouteKind::kJsonRpc;
    if (!json_rpc && takes_empty_body(route.operation) && head.method == "POST" && !body.empty()) {
        if (auto refused = check_body_type(route, head)) return std::move(*refused);
    }
    const auto parameters = read_service_parameters(head, route.query);
    if (!parameters) {
        return json_rpc ? json_rpc_error({}, parameters.error(), version_of_refusal(route, head))
                        : status_error(parameters.error(), answer_type(head), 0, route.version);
    }
    std::variant<Decoded, HttpResponse> outcome;
    Decoded& decoded = std::get<Decoded>(outcome);
    if (json_rpc) {
        auto refused = decode_json_rpc(route, head, *parameters, body, decoded);
        if (refused) return std::move(*refused);
    } else {
        const auto read = decode_http_json(route, head, *parameters, body, add_call(decoded));
        if (!read) return status_error(read.error(), answer_type(head), 0, route.version);
    }
    hand_over_headers(head, decoded);
    return outcome;
}

}  // namespace a2akit::wire
