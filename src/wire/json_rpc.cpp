#include "wire/codec.hpp"
#include "wire/decode.hpp"
#include "wire/error_render.hpp"
#include "wire/media_type.hpp"
#include "wire/params.hpp"
#include "wire/route_table.hpp"
#include "wire/version.hpp"

namespace a2akit::wire {
namespace {

constexpr std::size_t kMaxBatchEntries = 50;
constexpr std::size_t kMaxIdBytes = 1024;

/// One request object as it was read. `fault` says why it is not a valid request; the other fields
/// are valid only without a fault.
struct RpcRequest {
    OperationParams& params;
    std::string_view id;  ///< JSON text; empty: absent.
    std::string method;
    std::optional<Operation> operation;
    Version version{};             ///< The version that has the method, if it has one.
    std::string_view late_params;  ///< Preceded the method, so they are read afterwards.
    bool params_seen = false;
    bool params_are_object = true;
    const char* fault = nullptr;
};

/// The outcome of one entry: a call, an error, or neither for a notification that needs no action.
struct EntryOutcome {
    bool call = false;
    std::optional<Error> error;
    std::string id;  ///< For an error.
    bool notification = false;
    Version version{};  ///< The version of the error's form.
    Operation operation{};
};

/// The version and the operation that a method stands for.
void find_method(std::string_view method, RpcRequest& request) {
    for (const Version version : {Version::k1_0, Version::k0_3}) {
        request.operation = codec(version).operation_by_name(method);
        request.version = version;
        if (request.operation) return;
    }
}

/// Reads the members of one request object.
class EnvelopeReader {
public:
    EnvelopeReader(json::Cursor& cursor, RpcRequest& request)
        : cursor_(cursor), request_(request) {}

    bool member(std::string_view key) {
        if (key == "jsonrpc") return once(kVersion) ? version() : cursor_.skip();
        if (key == "id") return once(kId) ? id() : cursor_.skip();
        if (key == "method") return once(kMethod) ? method() : cursor_.skip();
        if (key == "params") return once(kParams) ? params() : cursor_.skip();
        return cursor_.skip();
    }

    void end() {
        if ((seen_ & kVersion) == 0) fault("jsonrpc: must be \"2.0\"");
        if ((seen_ & kMethod) == 0) fault("method: is required, a string");
    }

private:
    enum Member : unsigned { kVersion = 1, kId = 2, kMethod = 4, kParams = 8 };

    bool once(Member member) {
        if ((seen_ & member) != 0) {
            fault("a member of the request object is given more than once");
            return false;
        }
        seen_ |= member;
        return true;
    }
    void fault(const char* what) {
        if (request_.fault == nullptr) request_.fault = what;
    }
    bool version() {
        std::string_view text;
        if (cursor_.kind() != json::Kind::kString) {
            fault("jsonrpc: must be \"2.0\"");
            return cursor_.skip();
        }
        if (!cursor_.token(text, "a string")) return false;
        if (text != "2.0") fault("jsonrpc: must be \"2.0\"");
        return true;
    }
    bool id() {
        const json::Kind kind = cursor_.kind();
        const std::size_t violations = cursor_.violation_count();
        std::string_view text;
        if (!cursor_.raw(text)) return false;
        const bool allowed =
            kind == json::Kind::kString || kind == json::Kind::kNumber || kind == json::Kind::kNull;
        if (cursor_.violation_count() != violations) {
            fault("id: is a number beyond the range of a double");
        } else if (allowed && text.size() <= kMaxIdBytes) {
            request_.id = text;
        } else {
            fault("id: must be a string, a number or null, of at most 1024 bytes");
        }
        return true;
    }
    bool method() {
        std::string_view text;
        if (cursor_.kind() != json::Kind::kString) {
            fault("method: must be a string");
            return cursor_.skip();
        }
        if (!cursor_.token(text, "a string")) return false;
        find_method(text, request_);
        if (!request_.operation || request_.version != Version::k1_0) request_.method = text;
        return true;
    }
    bool params() {
        const json::Kind kind = cursor_.kind();
        if (kind == json::Kind::kNull) return cursor_.skip();
        request_.params_seen = true;
        request_.params_are_object = kind == json::Kind::kObject;
        if (!request_.params_are_object) return cursor_.skip();
        if (!request_.operation) return cursor_.raw(request_.late_params);
        const json::Cursor::RelativePath relative(cursor_);
        reset_params(*request_.operation, request_.params);
        return codec(request_.version).read_params(cursor_, true, request_.params);
    }

    json::Cursor& cursor_;
    RpcRequest& request_;
    unsigned seen_ = 0;
};

/// kParseError: the body is not JSON. kInvalidParams: the params, which were read on the way, are
/// wrong.
Result<void> read_request(std::string_view text, RpcRequest& request) {
    json::Cursor cursor(text, json::Mode::kStrict, kRequestLimits);
    if (cursor.kind() != json::Kind::kObject) {
        request.fault = "a request must be an object";
        cursor.skip();
        return cursor.finish();
    }
    EnvelopeReader reader(cursor, request);
    cursor.object([&](std::string_view key) { return reader.member(key); });
    reader.end();
    return cursor.finish();
}

Result<void> read_late_params(RpcRequest& request) {
    const bool read_already = request.params_seen && request.late_params.empty();
    if (read_already) return {};
    reset_params(*request.operation, request.params);
    const std::string_view text =
        request.params_seen ? request.late_params : std::string_view("{}");
    json::Cursor cursor(text, json::Mode::kStrict, kRequestLimits);
    codec(request.version).read_params(cursor, true, request.params);
    return cursor.finish();
}

/// The params of a request object, as they were written.
std::string_view params_of(std::string_view request) {
    std::string_view params = "{}";
    json::Cursor cursor(request, json::Mode::kStrict, kRequestLimits);
    cursor.object([&](std::string_view key) {
        if (key == "params") return cursor.raw(params);
        return cursor.skip();
    });
    return params;
}

/// A notification has no response, so a streaming send becomes a send without waiting.
void stop_streaming(RequestEnvelope& envelope) {
    envelope.operation = Operation::kSendMessage;
    auto& send = std::get<SendMessageRequest>(envelope.params);
    if (!send.configuration) send.configuration.emplace();
    send.configuration->return_immediately = true;
}

class EntryDecoder {
public:
    EntryDecoder(const Route& route, const ServiceParameters& parameters, std::string_view version,
                 bool batch)
        : route_(route), parameters_(parameters), version_(version), batch_(batch) {}

    /// Fills `call`, which is valid only when the outcome says so.
    [[nodiscard]] EntryOutcome decode(std::string_view text, Call& call) const {
        EntryOutcome outcome;
        RpcRequest request{call.envelope.params};
        const auto read = read_request(text, request);
        outcome.version =
            request.operation ? request.version : version_for_errors(version_, route_.versions);
        outcome.operation = request.operation.value_or(Operation::kSendMessage);
        if (!read && read.error().code != ErrorCode::kInvalidParams) {
            outcome.error = read.error();
            return outcome;
        }
        if (request.fault != nullptr) {
            outcome.id = request.id;
            outcome.error = Error{ErrorCode::kInvalidRequest, request.fault, nullptr};
            return outcome;
        }
        outcome.notification = request.id.empty();
        auto decoded = decode_call(request, read, call);
        if (!decoded) {
            outcome.id = request.id;
            if (decoded.error().code == ErrorCode::kVersionNotSupported)
                outcome.version = Version::k1_0;
            outcome.error = std::move(decoded.error());
            name_other_form(params_of(text), call, *outcome.error);
            return outcome;
        }
        if (outcome.notification && is_streaming(call.envelope.operation)) {
            if (call.envelope.operation == Operation::kSubscribeToTask) return outcome;
            stop_streaming(call.envelope);
        }
        outcome.call = true;
        return outcome;
    }

private:
    /// kVersionNotSupported, or kMethodNotFound.
    [[nodiscard]] Result<void> check_method(const RpcRequest& request) const {
        const bool known = request.operation.has_value();
        const bool in_v0_3 = known ? request.version == Version::k0_3 : route_.versions.v0_3;
        const auto version = choose_version(version_, in_v0_3, route_.versions);
        if (!version) return fail(version.error());
        if (known && request.version == *version) return {};
        std::string message = "method: there is no \"";
        message += printable(known ? method_of(request) : request.method);
        message += *version == Version::k0_3 ? "\" in protocol 0.3; one is \"message/send\""
                                             : "\"; one is \"SendMessage\"";
        if (known) message += ". A2A-Version says which protocol is spoken";
        return fail(ErrorCode::kMethodNotFound, std::move(message));
    }
    static std::string_view method_of(const RpcRequest& request) {
        return request.method.empty() ? to_string(*request.operation)
                                      : std::string_view(request.method);
    }

    [[nodiscard]] Result<void> decode_call(RpcRequest& request, const Result<void>& read,
                                           Call& call) const {
        if (auto checked = check_method(request); !checked) return checked;
        if (!request.params_are_object)
            return fail(Error::invalid_field("params", "must be an object"));
        std::vector<FieldViolation> violations;
        if (auto noted = note_violations(read, violations); !noted) return noted;
        if (auto noted = note_violations(read_late_params(request), violations); !noted)
            return noted;
        if (batch_ && is_streaming(*request.operation) && !request.id.empty()) {
            return fail(ErrorCode::kUnsupportedOperation,
                        "method: a streaming method can't be part of a batch; send it by itself");
        }
        call.json_rpc = true;
        call.rpc_id = request.id;
        call.content_type = kJson;
        call.version = request.version;
        call.operation = *request.operation;
        call.envelope.operation = *request.operation;
        call.envelope.version = request.version;
        return complete(route_, parameters_, std::move(violations), call.envelope);
    }

    const Route& route_;
    const ServiceParameters& parameters_;
    std::string_view version_;
    bool batch_;
};

std::optional<HttpResponse> decode_single(const EntryDecoder& decoder, std::string_view body,
                                          Decoded& decoded) {
    const EntryOutcome outcome = decoder.decode(body, add_call(decoded));
    if (outcome.call) return std::nullopt;
    if (!outcome.error || outcome.notification)
        return no_content(outcome.error ? &*outcome.error : nullptr);
    return json_rpc_refusal(outcome.id, *outcome.error, outcome.version, outcome.operation);
}

std::optional<HttpResponse> decode_batch(const EntryDecoder& decoder, Version version,
                                         std::string_view body, Decoded& decoded) {
    const auto bad_batch = [version](std::string message) {
        return json_rpc_error({}, Error{ErrorCode::kInvalidRequest, std::move(message), nullptr},
                              version);
    };
    std::vector<std::string_view> texts;
    bool too_many = false;
    json::Cursor cursor(body);
    cursor.array([&] {
        if (texts.size() == kMaxBatchEntries) {
            too_many = true;
            return cursor.skip();
        }
        return cursor.raw(texts.emplace_back());
    });
    const auto read = cursor.finish();
    if (!read) return json_rpc_error({}, read.error(), version);
    if (texts.empty()) return bad_batch("a batch must not be empty");
    if (too_many)
        return bad_batch("a batch must have at most " + std::to_string(kMaxBatchEntries) +
                         " entries");
    decoded.batch = true;
    decoded.entries.reserve(texts.size());
    const Timestamp now =
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    for (const std::string_view text : texts) {
        const EntryOutcome outcome = decoder.decode(text, add_call(decoded));
        if (outcome.call) continue;
        std::string answer;
        if (outcome.error && !outcome.notification) {
            codec(outcome.version).append_json_rpc_error(answer, outcome.id, *outcome.error, now);
        }
        decoded.entries.back() = std::move(answer);
    }
    return std::nullopt;
}

}  // namespace

std::optional<HttpResponse> decode_json_rpc(const Route& route, const RequestHead& head,
                                            const ServiceParameters& parameters,
                                            std::string_view body, Decoded& decoded) {
    const std::string version = requested_version(head.header("a2a-version"), route.query);
    const std::size_t start = body.find_first_not_of(" \t\r\n");
    const bool batch = start != std::string_view::npos && body[start] == '[';
    const EntryDecoder decoder(route, parameters, version, batch);
    if (!batch) return decode_single(decoder, body, decoded);
    return decode_batch(decoder, version_for_errors(version, route.versions), body, decoded);
}

}  // namespace a2akit::wire
