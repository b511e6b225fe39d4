#pragma once

#include <a2akit/client/async_client.hpp>
#include <a2akit/client/card_cache.hpp>
#include <a2akit/client/client_options.hpp>
#include <a2akit/client/client_stream.hpp>
#include <a2akit/client/send_result.hpp>
#include <a2akit/core/error.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <cstddef>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace a2akit {

/// All tasks of a list, page after page, for a range-based loop; it can be walked once.
class TaskList {
public:
    explicit TaskList(AsyncTaskList tasks) noexcept : tasks_(std::move(tasks)) {}

    /// The next task; nullopt after the last one. Throws as Client::list_tasks, and
    /// kInvalidAgentResponse when the list would never end (see AsyncTaskList::next).
    std::optional<Task> next();

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Task;
        using difference_type = std::ptrdiff_t;
        using pointer = const Task*;
        using reference = const Task&;

        Iterator() = default;
        explicit Iterator(TaskList& list) : list_(&list) { ++*this; }
        reference operator*() const noexcept { return *task_; }
        pointer operator->() const noexcept { return &*task_; }
        Iterator& operator++() {
            task_ = list_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
            return !it.task_;
        }

    private:
        TaskList* list_ = nullptr;
        std::optional<Task> task_;
    };
    [[nodiscard]] Iterator begin() { return Iterator(*this); }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

private:
    AsyncTaskList tasks_;
};

/// A client of one A2A agent, 1.0 or 0.3, over JSON-RPC or HTTP+JSON, whose calls block the thread
/// that makes them. In a coroutine use AsyncClient.
///
/// Safe from any thread. Connections are kept open between calls. TLS, proxies (from the
/// environment) and HTTP/2 are libcurl's. Redirects are not followed.
///
/// Every failure is thrown as Exception: what the agent answered with the code it named;
/// kUnavailable when it can't be reached, the connection breaks or a timeout passes;
/// kInvalidAgentResponse when the answer is not one that A2A knows. Calls that were refused for the
/// moment are made again: see RetryPolicy.
class Client {
public:
    /// Fetches the card of the agent at `url` (…/.well-known/agent-card.json; a URL that ends with
    /// ".json" is that of a card) and picks the first interface of it that both sides speak. When
    /// that interface can't be reached, the next one is taken; when the agent answers that it does
    /// not support the version, the next one of another version.
    ///
    /// kVersionNotSupported when there is none: the message says what the card offers.
    /// kPermissionDenied when there are credentials and an interface is at an origin that they were
    /// not given for; then nothing is sent.
    [[nodiscard]] static Client connect(std::string url, ClientOptions options = {});
    /// As `connect`, for a card that is at hand already (see read_card_file and parse_card).
    explicit Client(AgentCard card, ClientOptions options = {});
    explicit Client(AsyncClient client) noexcept : client_(std::move(client)) {}

    [[nodiscard]] const AgentCard& card() const noexcept { return client_.card(); }
    /// The interface in use; its tenant goes with every request.
    [[nodiscard]] AgentInterface interface() const { return client_.interface(); }
    /// The same client for coroutines.
    [[nodiscard]] const AsyncClient& async() const noexcept { return client_; }

    /// Sends a message and waits until its task has ended or pauses (unless
    /// configuration.return_immediately). An empty message id is filled in, and so is the role.
    SendResult send(Message message, SendOptions options = {});
    SendResult send(std::string text, SendOptions options = {});
    /// Sends a message with these parts: `client.send_parts({Part::from_text("Read this"),
    /// LocalFile{"report.pdf"}})`. Files are read while they are sent (see LocalFile). `message`:
    /// all but the parts, which are added to its own.
    SendResult send_parts(std::vector<OutgoingPart> parts, SendOptions options = {},
                          Message message = {});

    /// Sends a message and returns the events of its task as they come.
    ClientStream stream(Message message, SendOptions options = {});
    ClientStream stream(std::string text, SendOptions options = {});
    /// The same, handing every event to `on_event` until the stream ends.
    void stream(std::string text, const std::function<void(const StreamEvent&)>& on_event,
                SendOptions options = {});
    /// `stream` for a message of parts, which are given as to `send_parts`.
    ClientStream stream_parts(std::vector<OutgoingPart> parts, SendOptions options = {},
                              Message message = {});
    /// Sends a text, hands each piece of the answer's text to `on_text` as it comes, and returns
    /// the whole text.
    std::string stream_text(std::string text,
                            const std::function<void(std::string_view)>& on_text = {},
                            SendOptions options = {});

    Task get_task(std::string_view task_id, std::optional<int> history_length = std::nullopt);
    /// One page; the next one has its next_page_token as page_token. `request.tenant` is filled in.
    ListTasksResponse list_tasks(ListTasksRequest request = {});
    /// The tasks of all pages: `for (const Task& task : client.tasks()) …`
    [[nodiscard]] TaskList tasks(ListTasksRequest request = {});
    /// Returns the task as it stands after the agent has had its time to stop it.
    Task cancel(std::string_view task_id, RawJson metadata = {});
    /// The task and what happens to it until it ends; with `last_event_id`, what happened after
    /// that event.
    ClientStream subscribe(std::string_view task_id, std::string_view last_event_id = {});

    /// Has the agent call `config.url` about `config.task_id`; returns the configuration with the
    /// id that the agent gave it.
    TaskPushNotificationConfig set_push_config(TaskPushNotificationConfig config);
    TaskPushNotificationConfig get_push_config(std::string_view task_id,
                                               std::string_view config_id);
    /// Those of all pages, of which there may be 100.
    std::vector<TaskPushNotificationConfig> list_push_configs(std::string_view task_id);
    void delete_push_config(std::string_view task_id, std::string_view config_id);
    /// The card that the agent shows to callers it knows (specification 1.0, section 3.1.11).
    AgentCard extended_card();

private:
    AsyncClient client_;
};

}  // namespace a2akit
