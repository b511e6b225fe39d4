#include "client/binding.hpp"

#include "client/error_reader.hpp"
#include "json/writer.hpp"
#include "wire/uri.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace a2akit::client {
namespace {

std::string without_trailing_slash(std::string_view url) {
    while (url.ends_with('/')) url.remove_suffix(1);
    return std::string(url);
}

Error unreadable(std::string_view what, const Error& error) {
    return {ErrorCode::kInvalidAgentResponse,
            std::string(what) + " can't be read: " + error.message, error.details};
}

Error unknown_operation(Operation operation, std::string_view version) {
    return {ErrorCode::kUnsupportedOperation,
            "version " + std::string(version) + " of the protocol has no " +
                std::string(to_string(operation)),
            nullptr};
}

class JsonRpcBinding final : public JsonBinding {
public:
    using JsonBinding::JsonBinding;

    Result<HttpRequest> request(Operation operation, const OperationParams& params) const override {
        const std::string_view method = codec().rpc_method(operation);
        if (method.empty()) return fail(unknown_operation(operation, codec().version()));
        HttpRequest http{.method = "POST",
                         .url = interface().url,
                         .headers = {{"Content-Type", "application/json"}}};
        json::Writer writer(http.body);
        writer.begin_object();
        writer.key("jsonrpc");
        writer.plain_string("2.0");
        writer.key("id");
        writer.integer(++last_id_);
        writer.key("method");
        writer.plain_string(method);
        writer.key("params");
        codec().write_rpc_params(http.body, operation, params);
        writer.end_object();
        return http;
    }

    Result<std::string_view> result(int status, std::string_view body) const override {
        const Envelope envelope = read_envelope(body);
        if (!envelope.error.empty()) return fail(read_json_rpc_error(envelope.error));
        if (!envelope.result.empty()) return envelope.result;
        if (status != 200) {
            Error error = read_http_error(status, body);
            // JSON-RPC says in its body that there is no such task.
            if (status == 404 && !envelope.is_bare_error)
                error.code = ErrorCode::kInvalidAgentResponse;
            return fail(std::move(error));
        }
        return fail(
            ErrorCode::kInvalidAgentResponse,
            "the agent's answer is not a JSON-RPC response: it has neither 'result' nor 'error'");
    }

private:
    [[nodiscard]] bool is_json_rpc() const noexcept override { return true; }

    mutable std::atomic<std::int64_t> last_id_ = 0;
};

class HttpJsonBinding final : public JsonBinding {
public:
    HttpJsonBinding(AgentInterface interface, const wire::ClientCodec& codec)
        : JsonBinding(std::move(interface), codec) {
        url_ = without_trailing_slash(this->interface().url);
        // Some cards of 0.3 name the prefix that the paths of 0.3 begin with.
        if (codec.version() == "0.3" && url_.ends_with("/v1")) url_.resize(url_.size() - 3);
        const std::string& tenant = this->interface().tenant;
        if (!tenant.empty()) url_ += "/" + wire::percent_encode(tenant);
    }

    Result<HttpRequest> request(Operation operation, const OperationParams& params) const override {
        auto call = codec().http_call(operation, params);
        if (!call) return fail(unknown_operation(operation, codec().version()));
        HttpRequest http{.method = std::string(call->method),
                         .url = url_ + call->path,
                         .body = std::move(call->body)};
        if (http.method == "POST")
            http.headers.emplace_back("Content-Type", codec().content_type());
        return http;
    }

    Result<std::string_view> result(int status, std::string_view body) const override {
        if (status < 200 || status >= 300) return fail(read_http_error(status, body));
        const Envelope envelope = read_envelope(body);
        if (!envelope.error.empty()) return fail(read_status_error(envelope.error));
        if (envelope.is_bare_error) return fail(read_json_rpc_error(body));
        return body;
    }

private:
    [[nodiscard]] bool is_json_rpc() const noexcept override { return false; }

    std::string url_;
};

/// Null in a program without the library of the gRPC binding.
constinit GrpcBindingFactory grpc_factory = nullptr;

bool holds(const std::vector<std::string>& list, std::string_view item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

std::string_view JsonBinding::accepts(bool events) const noexcept {
    return events ? "text/event-stream" : "application/json, application/a2a+json";
}

Result<Reply> JsonBinding::reply(const HttpAnswer& answer, Operation operation) const {
    const int status = answer.head.status;
    const bool is_deletion = operation == Operation::kDeleteTaskPushNotificationConfig;
    if (is_deletion && is_json_rpc() && status == 200 &&
        read_envelope(answer.body).is_empty_response)
        return Reply(Empty{});
    const auto text = result(status, answer.body);
    if (!text) return fail(text.error());
    if (is_deletion) return Reply(Empty{});
    auto reply = codec().read_reply(*text, operation, is_json_rpc());
    if (!reply) return fail(unreadable("the agent's answer", reply.error()));
    return reply;
}

bool JsonBinding::is_event_stream(const HttpHead& head) const {
    return head.status == 200 && head.content_type().starts_with("text/event-stream");
}

Error JsonBinding::refusal(const HttpAnswer& answer) const {
    const auto text = result(answer.head.status, answer.body);
    if (!text) return text.error();
    return {ErrorCode::kInvalidAgentResponse,
            "the agent answered with '" + std::string(answer.head.content_type()) +
                "' instead of text/event-stream",
            nullptr};
}

std::unique_ptr<EventDecoder> JsonBinding::decoder(std::size_t max_event_bytes) const {
    return make_sse_decoder(*this, max_event_bytes);
}

Result<StreamResponse> JsonBinding::event(std::string_view data) const {
    const auto text = result(200, data);
    if (!text) return fail(text.error());
    auto event = codec().read_event(*text, is_json_rpc());
    if (!event) return fail(unreadable("an event of the stream", event.error()));
    if (event->payload.index() == 0) {
        return fail(ErrorCode::kInvalidAgentResponse,
                    "an event of the stream can't be read: it holds no task, message or update");
    }
    return event;
}

void offer_grpc_binding(GrpcBindingFactory factory) noexcept { grpc_factory = factory; }

bool speaks(std::string_view binding) noexcept {
    return binding == "JSONRPC" || binding == "HTTP+JSON" ||
           (binding == "GRPC" && grpc_factory != nullptr);
}

bool is_over_tls(const std::string& home, const AgentCard& card) {
    if (!home.empty()) return home.starts_with("https:");
    return std::any_of(
        card.supported_interfaces.begin(), card.supported_interfaces.end(),
        [](const AgentInterface& interface) { return interface.url.starts_with("https:"); });
}

Result<std::vector<AgentInterface>> choose_interfaces(const AgentCard& card,
                                                      const std::vector<std::string>& bindings,
                                                      const std::vector<std::string>& versions) {
    std::vector<AgentInterface> chosen;
    std::string offered;
    for (const AgentInterface& interface : card.supported_interfaces) {
        const wire::ClientCodec* codec = wire::client_codec(interface.protocol_version);
        if (codec != nullptr && holds(versions, codec->version()) &&
            speaks(interface.protocol_binding) && holds(bindings, interface.protocol_binding)) {
            chosen.push_back(interface);
        }
        offered += offered.empty() ? "" : ", ";
        offered += interface.protocol_binding + " " + interface.protocol_version;
    }
    if (!chosen.empty()) return chosen;
    std::string wanted;
    for (const std::string& binding : bindings) {
        if (!speaks(binding)) continue;
        for (const std::string& version : versions)
            wanted += (wanted.empty() ? "" : ", ") + binding + " " + version;
    }
    return fail(ErrorCode::kVersionNotSupported, "the agent '" + card.name + "' offers " +
                                                     (offered.empty() ? "no interface" : offered) +
                                                     "; this client may use " + wanted);
}

std::unique_ptr<const Binding> make_binding(AgentInterface interface) {
    const wire::ClientCodec& codec = *wire::client_codec(interface.protocol_version);
    if (interface.protocol_binding == "JSONRPC")
        return std::make_unique<JsonRpcBinding>(std::move(interface), codec);
    if (interface.protocol_binding == "GRPC") return grpc_factory(std::move(interface), codec);
    return std::make_unique<HttpJsonBinding>(std::move(interface), codec);
}

std::string grpc_url(std::string_view url, bool tls) {
    const std::size_t scheme = url.find("://");
    if (scheme != std::string_view::npos && !url.starts_with("dns:")) {
        const std::string_view name = url.substr(0, scheme);
        tls = name == "https" || name == "grpcs";
        url.remove_prefix(scheme + 3);
    } else if (url.starts_with("dns:")) {
        // dns://resolver/host:port names a resolver, which is not ours to ask.
        url.remove_prefix(4);
        if (url.starts_with("//")) url.remove_prefix(std::min(url.find('/', 2) + 1, url.size()));
    }
    return (tls ? "https://" : "http://") + std::string(url.substr(0, url.find('/')));
}

std::string card_url(std::string_view url) {
    if (url.ends_with(".json")) return std::string(url);
    return without_trailing_slash(url) + "/.well-known/agent-card.json";
}

}  // namespace a2akit::client
