#include "client/binding.hpp"

#include "client/error_reader.hpp"
#include "json/codec.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::client {
namespace {

std::string without_trailing_slash(std::string_view url) {
    while (url.ends_with('/')) url.remove_suffix(1);
    return std::string(url);
}

class JsonRpcBinding final : public Binding {
public:
    explicit JsonRpcBinding(const AgentInterface& interface) : url_(interface.url) {}

    HttpRequest send(const SendMessageRequest& request) override {
        return call("SendMessage", request);
    }
    HttpRequest stream(const SendMessageRequest& request) override {
        return call("SendStreamingMessage", request);
    }
    HttpRequest get_task(const GetTaskRequest& request) override {
        return call("GetTask", request);
    }
    HttpRequest list_tasks(const ListTasksRequest& request) override {
        return call("ListTasks", request);
    }
    HttpRequest cancel(const CancelTaskRequest& request) override {
        return call("CancelTask", request);
    }
    HttpRequest subscribe(const SubscribeToTaskRequest& request) override {
        return call("SubscribeToTask", request);
    }

    Result<std::string_view> result(int status, std::string_view body) const override {
        const Envelope envelope = read_envelope(body);
        if (!envelope.error.empty()) return fail(read_json_rpc_error(envelope.error));
        if (!envelope.result.empty()) return envelope.result;
        if (status != 200) return fail(read_http_error(status, body));
        return fail(
            ErrorCode::kInvalidAgentResponse,
            "the agent's answer is not a JSON-RPC response: it has neither 'result' nor 'error'");
    }

private:
    template <class M>
    HttpRequest call(std::string_view method, const M& params) {
        HttpRequest http{
            .method = "POST", .url = url_, .headers = {{"Content-Type", "application/json"}}};
        json::Writer writer(http.body);
        writer.begin_object();
        writer.key("jsonrpc");
        writer.plain_string("2.0");
        writer.key("id");
        writer.integer(++last_id_);
        writer.key("method");
        writer.plain_string(method);
        writer.key("params");
        json::write(writer, params);
        writer.end_object();
        return http;
    }

    std::string url_;
    std::int64_t last_id_ = 0;
};

class HttpJsonBinding final : public Binding {
public:
    explicit HttpJsonBinding(const AgentInterface& interface)
        : url_(without_trailing_slash(interface.url)) {
        if (!interface.tenant.empty()) url_ += "/" + percent_encode(interface.tenant);
    }

    HttpRequest send(const SendMessageRequest& request) override {
        return post("/message:send", json::encode(request));
    }
    HttpRequest stream(const SendMessageRequest& request) override {
        return post("/message:stream", json::encode(request));
    }
    HttpRequest get_task(const GetTaskRequest& request) override {
        Query query;
        if (request.history_length)
            query.add("historyLength", std::to_string(*request.history_length));
        return get("/tasks/" + percent_encode(request.id) + query.text());
    }
    HttpRequest list_tasks(const ListTasksRequest& request) override {
        Query query;
        if (!request.context_id.empty()) query.add("contextId", request.context_id);
        if (request.status != TaskState::kUnspecified)
            query.add("status", to_string(request.status));
        if (request.page_size) query.add("pageSize", std::to_string(*request.page_size));
        if (!request.page_token.empty()) query.add("pageToken", request.page_token);
        if (request.history_length)
            query.add("historyLength", std::to_string(*request.history_length));
        if (request.status_timestamp_after) {
            std::string time;
            json::append_timestamp(time, *request.status_timestamp_after);
            query.add("statusTimestampAfter", time);
        }
        if (request.include_artifacts)
            query.add("includeArtifacts", *request.include_artifacts ? "true" : "false");
        return get("/tasks" + query.text());
    }
    HttpRequest cancel(const CancelTaskRequest& request) override {
        return post("/tasks/" + percent_encode(request.id) + ":cancel", json::encode(request));
    }
    HttpRequest subscribe(const SubscribeToTaskRequest& request) override {
        return post("/tasks/" + percent_encode(request.id) + ":subscribe", json::encode(request));
    }

    Result<std::string_view> result(int status, std::string_view body) const override {
        if (status < 200 || status >= 300) return fail(read_http_error(status, body));
        const Envelope envelope = read_envelope(body);
        if (!envelope.error.empty()) return fail(read_status_error(envelope.error));
        return body;
    }

private:
    class Query {
    public:
        void add(std::string_view name, std::string_view value) {
            text_ += text_.empty() ? '?' : '&';
            text_.append(name).append("=").append(percent_encode(value));
        }
        [[nodiscard]] const std::string& text() const noexcept { return text_; }

    private:
        std::string text_;
    };

    [[nodiscard]] HttpRequest get(const std::string& path) const {
        return {.method = "GET", .url = url_ + path};
    }
    [[nodiscard]] HttpRequest post(const std::string& path, std::string body) const {
        return {.method = "POST",
                .url = url_ + path,
                .headers = {{"Content-Type", "application/a2a+json"}},
                .body = std::move(body)};
    }

    std::string url_;
};

}  // namespace

Result<AgentInterface> choose_interface(const AgentCard& card,
                                        const std::vector<std::string>& bindings) {
    std::string offered;
    for (const AgentInterface& interface : card.supported_interfaces) {
        const bool is_version_1 =
            interface.protocol_version == "1" || interface.protocol_version.starts_with("1.");
        const bool is_wanted =
            interface.protocol_binding == "JSONRPC" || interface.protocol_binding == "HTTP+JSON";
        if (is_version_1 && is_wanted &&
            std::find(bindings.begin(), bindings.end(), interface.protocol_binding) !=
                bindings.end()) {
            return interface;
        }
        offered += offered.empty() ? "" : ", ";
        offered += interface.protocol_binding + " " + interface.protocol_version;
    }
    return fail(ErrorCode::kVersionNotSupported,
                "the agent '" + card.name + "' offers " +
                    (offered.empty() ? "no interface" : offered) +
                    "; this client speaks JSONRPC and HTTP+JSON 1.0");
}

std::unique_ptr<Binding> make_binding(const AgentInterface& interface) {
    if (interface.protocol_binding == "JSONRPC") return std::make_unique<JsonRpcBinding>(interface);
    return std::make_unique<HttpJsonBinding>(interface);
}

std::string card_url(std::string_view url) {
    if (url.ends_with(".json")) return std::string(url);
    return without_trailing_slash(url) + "/.well-known/agent-card.json";
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (kUnreserved.find(c) != std::string_view::npos) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

}  // namespace a2akit::client
