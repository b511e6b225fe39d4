#include <a2akit/client/client.hpp>

#include "client/binding.hpp"
#include "client/http_client.hpp"
#include "client/stream_source.hpp"
#include "json/codec.hpp"

#include <a2akit/core/ids.hpp>

#include <algorithm>
#include <utility>

namespace a2akit {
namespace {

template <class M>
M decode_or_throw(std::string_view text) {
    Result<M> message = json::decode<M>(text, json::Mode::kLenient, json::kReadBack);
    if (!message) {
        throw Exception({ErrorCode::kInvalidAgentResponse,
                         "the agent's answer can't be read: " + message.error().message,
                         message.error().details});
    }
    return std::move(*message);
}

std::string join(const std::vector<std::string>& items) {
    std::string joined;
    for (const std::string& item : items) joined += (joined.empty() ? "" : ", ") + item;
    return joined;
}

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [lower](char x, char y) { return lower(x) == lower(y); });
}

/// The headers of every request. A header that the user set replaces the client's own.
void add_headers(client::HttpRequest& request, const ClientOptions& options,
                 std::string_view accept) {
    std::vector<std::pair<std::string, std::string>> own{{"A2A-Version", "1.0"},
                                                         {"Accept", std::string(accept)}};
    if (!options.bearer_token.empty())
        own.emplace_back("Authorization", "Bearer " + options.bearer_token);
    if (!options.extensions.empty()) own.emplace_back("A2A-Extensions", join(options.extensions));
    std::move(own.begin(), own.end(), std::back_inserter(request.headers));
    std::erase_if(request.headers, [&](const auto& header) {
        return std::any_of(options.headers.begin(), options.headers.end(),
                           [&](const auto& users) { return same_name(header.first, users.first); });
    });
    request.headers.insert(request.headers.end(), options.headers.begin(), options.headers.end());
}

/// `home`: the URL that the credentials were given for; empty: none. A card that names a host does
/// not make that host trusted.
void check_credentials(const ClientOptions& options, const std::string& home,
                       const std::string& url) {
    if (options.headers.empty() && options.bearer_token.empty()) return;
    const std::string origin = client::origin_of(url);
    const auto is_it = [&](const std::string& allowed) {
        return !origin.empty() && !allowed.empty() && client::origin_of(allowed) == origin;
    };
    const auto& named = options.credential_origins;
    if (is_it(home) || std::any_of(named.begin(), named.end(), is_it)) return;
    const std::string given = home.empty() ? "no origin" : client::origin_of(home);
    throw Exception({ErrorCode::kPermissionDenied,
                     "the agent card names an interface at " +
                         (origin.empty() ? "no readable URL" : origin) +
                         ", and the credentials were given for " + given +
                         "; to send them there, name it in ClientOptions::credential_origins",
                     nullptr});
}

constexpr std::string_view kJsonTypes = "application/json, application/a2a+json";

}  // namespace

class Client::Impl {
public:
    Impl(AgentCard card, ClientOptions options, std::unique_ptr<client::HttpClient> http,
         const std::string& home)
        : card_(std::move(card)),
          options_(std::move(options)),
          interface_(client::choose_interface(card_, options_.bindings).value_or_throw()),
          binding_(client::make_binding(interface_)),
          http_(std::move(http)) {
        check_credentials(options_, home, interface_.url);
    }

    [[nodiscard]] const AgentCard& card() const noexcept { return card_; }
    [[nodiscard]] const AgentInterface& interface() const noexcept { return interface_; }
    [[nodiscard]] client::Binding& binding() noexcept { return *binding_; }
    [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }
    [[nodiscard]] const std::string& tenant() const noexcept { return interface_.tenant; }

    template <class M>
    M call(client::HttpRequest request, Duration timeout) {
        add_headers(request, options_, kJsonTypes);
        request.timeout = timeout;
        const client::HttpAnswer answer = http_->perform(std::move(request)).value_or_throw();
        return decode_or_throw<M>(binding_->result(answer.status, answer.body).value_or_throw());
    }

    ClientStream open(client::HttpRequest request) {
        add_headers(request, options_, "text/event-stream");
        request.idle_timeout = options_.stream_idle_timeout;
        auto stream = http_->open(std::move(request));
        stream->await_head().value_or_throw();
        return ClientStream(std::make_unique<ClientStream::Source>(
            std::move(stream), client::make_binding(interface_), options_.max_answer_bytes));
    }

    SendMessageRequest send_request(Message message, SendOptions options) const {
        if (message.message_id.empty()) message.message_id = Uuid::generate().to_string();
        if (message.role == Role::kUnspecified) message.role = Role::kUser;
        SendMessageRequest request;
        request.tenant = tenant();
        request.message = std::move(message);
        request.configuration = std::move(options.configuration);
        request.metadata = std::move(options.metadata);
        return request;
    }

private:
    AgentCard card_;
    ClientOptions options_;
    AgentInterface interface_;
    std::unique_ptr<client::Binding> binding_;
    std::unique_ptr<client::HttpClient> http_;
};

namespace {

void add_key(client::HttpRequest& request, std::string key) {
    if (key.empty()) key = Uuid::generate().to_string();
    request.headers.emplace_back("Idempotency-Key", std::move(key));
}

}  // namespace

Client Client::connect(std::string url, ClientOptions options) {
    auto http = client::make_curl_client(options);
    client::HttpRequest request{
        .method = "GET", .url = client::card_url(url), .timeout = options.call_timeout};
    add_headers(request, options, "application/json");
    const client::HttpAnswer answer = http->perform(std::move(request)).value_or_throw();
    if (answer.status != 200) {
        throw Exception(
            {answer.status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalidAgentResponse,
             "no agent card at " + client::card_url(url) + ": HTTP status " +
                 std::to_string(answer.status),
             nullptr});
    }
    auto card = decode_or_throw<AgentCard>(answer.body);
    return Client(
        std::make_unique<Impl>(std::move(card), std::move(options), std::move(http), url));
}

Client::Client(AgentCard card, ClientOptions options) {
    auto http = client::make_curl_client(options);
    impl_ =
        std::make_unique<Impl>(std::move(card), std::move(options), std::move(http), std::string());
}
Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const AgentCard& Client::card() const noexcept { return impl_->card(); }
const AgentInterface& Client::interface() const noexcept { return impl_->interface(); }

SendResult Client::send(Message message, SendOptions options) {
    std::string key = options.idempotency_key;
    auto http = impl_->binding().send(impl_->send_request(std::move(message), std::move(options)));
    add_key(http, std::move(key));
    auto response =
        impl_->call<SendMessageResponse>(std::move(http), impl_->options().send_timeout);
    if (auto* task = std::get_if<Task>(&response.payload)) return SendResult(std::move(*task));
    if (auto* reply = std::get_if<Message>(&response.payload)) return SendResult(std::move(*reply));
    throw Exception({ErrorCode::kInvalidAgentResponse,
                     "the agent's answer to a send holds neither a task nor a message", nullptr});
}

SendResult Client::send(std::string text, SendOptions options) {
    return send(user_message(std::move(text)), std::move(options));
}

ClientStream Client::stream(Message message, SendOptions options) {
    std::string key = options.idempotency_key;
    auto http =
        impl_->binding().stream(impl_->send_request(std::move(message), std::move(options)));
    add_key(http, std::move(key));
    return impl_->open(std::move(http));
}

ClientStream Client::stream(std::string text, SendOptions options) {
    return stream(user_message(std::move(text)), std::move(options));
}

void Client::stream(std::string text, const std::function<void(const StreamEvent&)>& on_event,
                    SendOptions options) {
    ClientStream events = stream(std::move(text), std::move(options));
    for (const StreamEvent& event : events) on_event(event);
}

Task Client::get_task(std::string_view task_id, std::optional<int> history_length) {
    GetTaskRequest request{impl_->tenant(), std::string(task_id), history_length};
    return impl_->call<Task>(impl_->binding().get_task(request), impl_->options().call_timeout);
}

ListTasksResponse Client::list_tasks(ListTasksRequest request) {
    request.tenant = impl_->tenant();
    return impl_->call<ListTasksResponse>(impl_->binding().list_tasks(request),
                                          impl_->options().call_timeout);
}

Task Client::cancel(std::string_view task_id, RawJson metadata) {
    CancelTaskRequest request{impl_->tenant(), std::string(task_id), std::move(metadata)};
    return impl_->call<Task>(impl_->binding().cancel(request), impl_->options().call_timeout);
}

ClientStream Client::subscribe(std::string_view task_id, std::string_view last_event_id) {
    auto http = impl_->binding().subscribe({impl_->tenant(), std::string(task_id)});
    if (!last_event_id.empty()) http.headers.emplace_back("Last-Event-ID", last_event_id);
    return impl_->open(std::move(http));
}

Message user_message(std::string text) {
    Message message;
    message.message_id = Uuid::generate().to_string();
    message.role = Role::kUser;
    message.parts.push_back(Part::from_text(std::move(text)));
    return message;
}

}  // namespace a2akit
