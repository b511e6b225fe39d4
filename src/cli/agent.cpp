#include "cli/agent.hpp"

#include "cli/credentials.hpp"
#include "cli/failure.hpp"
#include "cli/http.hpp"
#include "cli/interface_choice.hpp"
#include "cli/protocol_error.hpp"
#include "cli/transport_plugin.hpp"
#include "client/binding.hpp"

#include <a2akit/client/client.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace a2akit::cli {
namespace {

CallFacts facts_of(const Session& session, const AgentCard& card, const std::string& binding,
                   bool has_credentials) {
    return {binding, has_credentials, advice_for_credentials(card, session), {}};
}

class ClientEvents final : public Agent::Events {
public:
    ClientEvents(ClientStream stream, CallFacts facts)
        : stream_(std::move(stream)), facts_(std::move(facts)) {}

    std::optional<StreamResponse> next() override {
        try {
            std::optional<StreamEvent> event = stream_.next();
            if (!event) return std::nullopt;
            after_gap_ = event->after_gap;
            return std::move(event->response);
        } catch (const Exception& exception) {
            throw to_failure(exception.error(), facts_);
        }
    }

    [[nodiscard]] bool after_gap() const noexcept override { return after_gap_; }

private:
    ClientStream stream_;
    CallFacts facts_;
    bool after_gap_ = false;
};

/// "slim://agents.example:46357" of "slim://agents.example:46357/agent", whatever the scheme is.
std::string origin_of_any(const std::string& url) {
    const std::size_t scheme = url.find("://");
    return scheme == std::string::npos ? url : url.substr(0, url.find('/', scheme + 3));
}

}  // namespace

class Agent::Impl {
public:
    Impl(const Session& session, ResolvedCard resolved)
        : session_(session),
          card_(std::move(resolved.card)),
          interface_(choose_interface(card_, session.options())) {
        if (interface_.protocol_binding == "GRPC" && client::speaks("GRPC")) {
            const bool tls = client::is_over_tls(resolved.origin, card_);
            interface_.url = client::grpc_url(interface_.url, tls);
        }
        const Credentials credentials = place_credentials(
            card_, resolved.origin.empty() ? client::origin_of(interface_.url) : resolved.origin,
            session);
        has_credentials_ = !credentials.empty() || names_credentials(session.options());
        warn_of_insecure_credentials();
        ClientOptions options = client_options(session.options(), session.console());
        options.headers = credentials.headers;
        for (const auto& [name, value] : session.options().service_parameters)
            options.headers.emplace_back(name, value);
        options.credential_origins = session.options().credential_origins;
        // A card in a file is the user's own word for where its agent is.
        options.credential_origins.push_back(resolved.origin.empty() ? interface_.url
                                                                     : resolved.origin);
        start_plugin(options);
        const AgentInterface& reached = plugin_ ? plugin_->interface() : interface_;
        options.bindings = {reached.protocol_binding};
        AgentCard chosen = card_;
        chosen.supported_interfaces = {reached};
        // The credentials are placed already, but for a key in the query.
        chosen.security_requirements.clear();
        if (!credentials.query_key.name.empty()) {
            chosen.security_schemes = {{"key", {credentials.query_key}}};
            chosen.security_requirements = {{{{"key", {}}}}};
            options.credentials["key"] = ApiKey{session.options().api_key};
        }
        session.console().debug("uses " + interface_.protocol_binding + " " +
                                interface_.protocol_version + " at " + interface_.url);
        guard([&] { client_.emplace(std::move(chosen), std::move(options)); });
    }

    [[nodiscard]] const AgentCard& card() const noexcept { return card_; }
    [[nodiscard]] const AgentInterface& interface() const noexcept { return interface_; }
    [[nodiscard]] Client& client() noexcept { return *client_; }

    /// Makes a call; logs it and its time, and throws what fails as a Failure.
    template <class Call>
    auto call(std::string_view operation, Call&& call) {
        Console& console = session_.console();
        console.debug("calls " + std::string(operation));
        const auto start = std::chrono::steady_clock::now();
        auto response = guard(std::forward<Call>(call));
        const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - start);
        if (console.debugs()) {
            console.debug(std::string(operation) + " took " + std::to_string(took.count()) +
                          " microseconds");
        }
        return response;
    }
    std::unique_ptr<Events> events(ClientStream stream) {
        return std::make_unique<ClientEvents>(std::move(stream), facts());
    }

private:
    [[nodiscard]] CallFacts facts() const {
        return facts_of(session_, card_, interface_.protocol_binding, has_credentials_);
    }
    template <class Call>
    auto guard(Call&& call) -> decltype(call()) {
        try {
            return call();
        } catch (const Exception& exception) {
            throw to_failure(exception.error(), facts());
        }
    }
    /// When the chosen interface is one of a transport plugin.
    void start_plugin(ClientOptions& options) {
        const auto program = enabled_transport(interface_.protocol_binding);
        if (!program) return;
        const auto& allowed = session_.options().credential_origins;
        const std::string origin = origin_of_any(interface_.url);
        if (has_credentials_ &&
            std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) {
            throw Failure(LocalError::kCredentialsMissing,
                          "the agent is at " + origin +
                              ", and the credentials were not given for it; nothing was sent",
                          "Add --credential-origin " + origin + " to send them there");
        }
        session_.console().debug("starts " + *program + " for " + interface_.url);
        plugin_.emplace(*program, interface_);
        session_.console().mask(plugin_->token());
        options.headers.emplace_back("A2A-Plugin-Token", plugin_->token());
        options.credential_origins.push_back(plugin_->interface().url);
        if (!plugin_->certificate_file().empty()) options.ca_file = plugin_->certificate_file();
    }
    void warn_of_insecure_credentials() const {
        if (!session_.options().insecure || !has_credentials_) return;
        session_.console().warn(
            "SECURITY: credentials are sent over a connection whose certificate is not verified; "
            "anyone in between can read them");
    }

    const Session& session_;
    AgentCard card_;
    AgentInterface interface_;
    bool has_credentials_ = false;
    std::optional<TransportPlugin> plugin_;
    std::optional<Client> client_;
};

Agent::Agent(const Session& session)
    : Agent(session, resolve_card(session.options(), session.console())) {}
Agent::Agent(const Session& session, ResolvedCard card)
    : impl_(std::make_unique<Impl>(session, std::move(card))) {}
Agent::Agent(Agent&&) noexcept = default;
Agent::~Agent() = default;

const AgentCard& Agent::card() const noexcept { return impl_->card(); }
const AgentInterface& Agent::interface() const noexcept { return impl_->interface(); }
bool Agent::can_stream() const noexcept { return card().capabilities.streaming.value_or(false); }

namespace {

SendOptions send_options(const SendMessageRequest& request) {
    return {.configuration = request.configuration, .metadata = request.metadata};
}

}  // namespace

SendMessageResponse Agent::send(const OutgoingRequest& request) {
    return impl_->call("SendMessage", [&] {
        SendResult result =
            impl_->client().send_parts(request.parts, send_options(request), request.message);
        SendMessageResponse response;
        if (result.task() != nullptr) {
            response.payload = *result.task();
        } else {
            response.payload = *result.message();
        }
        return response;
    });
}

std::unique_ptr<Agent::Events> Agent::stream(const OutgoingRequest& request) {
    return impl_->call("SendStreamingMessage", [&] {
        return impl_->events(
            impl_->client().stream_parts(request.parts, send_options(request), request.message));
    });
}

Task Agent::get_task(const std::string& task_id, std::optional<int> history_length) {
    return impl_->call("GetTask",
                       [&] { return impl_->client().get_task(task_id, history_length); });
}

ListTasksResponse Agent::list_tasks(const ListTasksRequest& request) {
    return impl_->call("ListTasks", [&] { return impl_->client().list_tasks(request); });
}

Task Agent::cancel(const std::string& task_id, const std::string& metadata) {
    return impl_->call("CancelTask",
                       [&] { return impl_->client().cancel(task_id, RawJson(metadata)); });
}

std::unique_ptr<Agent::Events> Agent::subscribe(const std::string& task_id) {
    return impl_->call("SubscribeToTask",
                       [&] { return impl_->events(impl_->client().subscribe(task_id)); });
}

TaskPushNotificationConfig Agent::set_push_config(const TaskPushNotificationConfig& config) {
    return impl_->call("CreateTaskPushNotificationConfig",
                       [&] { return impl_->client().set_push_config(config); });
}

TaskPushNotificationConfig Agent::get_push_config(const std::string& task_id,
                                                  const std::string& id) {
    return impl_->call("GetTaskPushNotificationConfig",
                       [&] { return impl_->client().get_push_config(task_id, id); });
}

std::vector<TaskPushNotificationConfig> Agent::list_push_configs(const std::string& task_id) {
    return impl_->call("ListTaskPushNotificationConfigs",
                       [&] { return impl_->client().list_push_configs(task_id); });
}

void Agent::delete_push_config(const std::string& task_id, const std::string& id) {
    impl_->call("DeleteTaskPushNotificationConfig", [&] {
        impl_->client().delete_push_config(task_id, id);
        return true;
    });
}

AgentCard Agent::extended_card() {
    return impl_->call("GetExtendedAgentCard", [&] { return impl_->client().extended_card(); });
}

void Standing::update(const StreamResponse& event) {
    const auto see = [this](const std::string& task, const std::string& context) {
        if (!task.empty()) task_id = task;
        if (!context.empty()) context_id = context;
    };
    if (const auto* task = std::get_if<Task>(&event.payload)) {
        see(task->id, task->context_id);
        state = task->status.state;
    } else if (const auto* status = std::get_if<TaskStatusUpdateEvent>(&event.payload)) {
        see(status->task_id, status->context_id);
        state = status->status.state;
    } else if (const auto* artifact = std::get_if<TaskArtifactUpdateEvent>(&event.payload)) {
        see(artifact->task_id, artifact->context_id);
    } else if (const auto* message = std::get_if<Message>(&event.payload)) {
        see(message->task_id, message->context_id);
    }
}

}  // namespace a2akit::cli
