#pragma once

#include <a2akit/client/client_stream.hpp>
#include <a2akit/core/clock.hpp>
#include <a2akit/core/error.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace a2akit {

struct ClientOptions {
    /// Sent with every request. A name given here wins over the client's own header of that name.
    std::vector<std::pair<std::string, std::string>> headers = {};
    /// Sent as "Authorization: Bearer …".
    std::string bearer_token = {};
    /// Further origins, such as "https://agents.example:8443", that `headers` and `bearer_token`
    /// may be sent to. The origin of the URL given to `connect` is always allowed; another host or
    /// port, or plain http where the URL says https, is a further origin. A client made from a card
    /// has no URL, so the origins for its credentials are named here.
    std::vector<std::string> credential_origins = {};
    /// URIs of the extensions that the client wants to be active (A2A-Extensions).
    std::vector<std::string> extensions = {};
    /// Which bindings the client may use; of those, the card's order decides.
    std::vector<std::string> bindings = {"JSONRPC", "HTTP+JSON"};
    Duration connect_timeout = std::chrono::seconds(10);
    /// For whole calls but sends, whose answer may take as long as the task does.
    Duration call_timeout = std::chrono::seconds(30);
    /// For sends that wait for their task. Zero: none.
    Duration send_timeout = Duration::zero();
    /// A stream fails when nothing, not even a heartbeat, arrives for this long.
    Duration stream_idle_timeout = std::chrono::seconds(60);
    std::size_t max_answer_bytes = 64U << 20U;
    /// PEM file of the certificate authorities to trust; empty: the system's.
    std::string ca_file = {};
};

struct SendOptions {
    std::optional<SendMessageConfiguration> configuration = {};
    RawJson metadata = {};
    /// Names this send: a repeat of the same message under the same key happens once. Empty: the
    /// client makes one up.
    std::string idempotency_key = {};
};

/// The reply to a send: a task, or a message without a task.
class SendResult {
public:
    explicit SendResult(std::variant<Task, Message> payload) : payload_(std::move(payload)) {}

    /// Null when the agent answered with a message.
    [[nodiscard]] const Task* task() const noexcept { return std::get_if<Task>(&payload_); }
    /// Null when the agent answered with a task.
    [[nodiscard]] const Message* message() const noexcept {
        return std::get_if<Message>(&payload_);
    }
    /// The text of the artifacts, or of the status message when there is none; of the message.
    [[nodiscard]] std::string text() const;
    /// The data of the first data part; empty when there is none.
    [[nodiscard]] RawJson data() const;
    [[nodiscard]] const std::string& task_id() const noexcept;
    [[nodiscard]] const std::string& context_id() const noexcept;
    /// kCompleted for a message.
    [[nodiscard]] TaskState state() const noexcept;
    [[nodiscard]] bool is_terminal() const noexcept { return a2akit::is_terminal(state()); }

private:
    std::variant<Task, Message> payload_;
};

/// A synchronous client of one A2A 1.0 agent, over JSON-RPC or HTTP+JSON.
///
/// Calls block the thread that makes them; use it from a plain thread, never from a handler on a
/// server's loop. A Client is used by one thread at a time; a stream it has opened lives on its
/// own, also on another thread. Connections are kept open between calls. TLS, proxies (from the
/// environment) and HTTP/2 are libcurl's. Redirects are not followed.
///
/// Every failure is thrown as Exception: what the agent answered with the code it named;
/// kUnavailable when it can't be reached, the connection breaks or a timeout passes;
/// kInvalidAgentResponse when the answer is none that A2A knows.
class Client {
public:
    /// Fetches the card of the agent at `url` (…/.well-known/agent-card.json) and picks the first
    /// interface of it that both sides speak. kVersionNotSupported when there is none: the message
    /// says what the card offers. kPermissionDenied when there are credentials (`headers`,
    /// `bearer_token`) and the interface is at an origin that they were not given for; then nothing
    /// is sent.
    [[nodiscard]] static Client connect(std::string url, ClientOptions options = {});
    /// As `connect`, for a card that is at hand already.
    explicit Client(AgentCard card, ClientOptions options = {});
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;
    ~Client();

    [[nodiscard]] const AgentCard& card() const noexcept;
    /// The interface in use; its tenant goes with every request.
    [[nodiscard]] const AgentInterface& interface() const noexcept;

    /// Sends a message and waits until its task has ended or pauses (unless
    /// configuration.return_immediately). An empty message id is filled in, and so is the role.
    SendResult send(Message message, SendOptions options = {});
    SendResult send(std::string text, SendOptions options = {});

    /// Sends a message and returns the events of its task as they come.
    ClientStream stream(Message message, SendOptions options = {});
    ClientStream stream(std::string text, SendOptions options = {});
    /// The same, handing every event to `on_event` until the stream ends.
    void stream(std::string text, const std::function<void(const StreamEvent&)>& on_event,
                SendOptions options = {});

    Task get_task(std::string_view task_id, std::optional<int> history_length = std::nullopt);
    /// One page; the next one has its next_page_token as page_token. `request.tenant` is filled in.
    ListTasksResponse list_tasks(ListTasksRequest request = {});
    /// Returns the task as it stands after the agent has had its time to stop it.
    Task cancel(std::string_view task_id, RawJson metadata = {});
    /// The task and what happens to it until it ends; with `last_event_id`, what happened after
    /// that event.
    ClientStream subscribe(std::string_view task_id, std::string_view last_event_id = {});

private:
    class Impl;
    explicit Client(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

/// A message of the user's with one text part and a fresh id.
[[nodiscard]] Message user_message(std::string text);

}  // namespace a2akit
