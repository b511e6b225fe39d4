#pragma once

#include <a2akit/client/client_options.hpp>
#include <a2akit/client/client_stream.hpp>
#include <a2akit/client/local_file.hpp>
#include <a2akit/client/send_result.hpp>
#include <a2akit/core/async.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

namespace client {
class Session;
class ResumingStream;
}  // namespace client

/// The events of one task, pulled one by one. Used by one coroutine at a time; destroying it closes
/// the connection and changes nothing for the task. See ClientStream for how it is resumed.
class AsyncClientStream {
public:
    explicit AsyncClientStream(std::unique_ptr<client::ResumingStream> stream) noexcept;
    AsyncClientStream(AsyncClientStream&&) noexcept;
    AsyncClientStream& operator=(AsyncClientStream&&) noexcept;
    ~AsyncClientStream();

    /// Waits for the next event; nullopt when the stream has ended.
    AsyncResult<std::optional<StreamEvent>> next();
    [[nodiscard]] const std::string& last_event_id() const noexcept;
    /// How many times the stream was cut and resumed.
    [[nodiscard]] int resumptions() const noexcept;

private:
    std::unique_ptr<client::ResumingStream> stream_;
};

/// All tasks of a list, page after page; the next page is fetched when it is needed.
class AsyncTaskList {
public:
    AsyncTaskList(std::shared_ptr<client::Session> session, ListTasksRequest request);
    AsyncTaskList(AsyncTaskList&&) noexcept;
    AsyncTaskList& operator=(AsyncTaskList&&) noexcept;
    ~AsyncTaskList();

    /// The next task; nullopt after the last one. kInvalidAgentResponse when the list would never
    /// end: the agent repeats a page token, or sends 100 pages without a task in a row.
    AsyncResult<std::optional<Task>> next();

private:
    class Pages;
    std::unique_ptr<Pages> pages_;
};

/// The client for coroutines: the same operations as Client, awaited on any Loop.
///
/// Calls are made on a loop (a handler's, for example), and their results come back there. Network
/// traffic is on one background thread that all clients of the process share. A client may be used
/// by any number of coroutines at a time, on any loops. When the task of the handler that awaits a
/// call is cancelled, the call ends and throws Cancelled (core/when.hpp).
class AsyncClient {
public:
    /// See Client::connect.
    [[nodiscard]] static AsyncResult<AsyncClient> connect(std::string url,
                                                          ClientOptions options = {});
    /// See the constructor of Client. Throws Exception.
    explicit AsyncClient(AgentCard card, ClientOptions options = {});
    explicit AsyncClient(std::shared_ptr<client::Session> session) noexcept;

    [[nodiscard]] const AgentCard& card() const noexcept;
    /// The interface in use.
    [[nodiscard]] AgentInterface interface() const;

    AsyncResult<SendResult> send(Message message, SendOptions options = {});
    AsyncResult<SendResult> send(std::string text, SendOptions options = {});
    AsyncResult<SendResult> send_parts(std::vector<OutgoingPart> parts, SendOptions options = {},
                                       Message message = {});
    AsyncResult<AsyncClientStream> stream(Message message, SendOptions options = {});
    AsyncResult<AsyncClientStream> stream(std::string text, SendOptions options = {});
    AsyncResult<AsyncClientStream> stream_parts(std::vector<OutgoingPart> parts,
                                                SendOptions options = {}, Message message = {});
    /// Sends a text and returns the text of the whole answer.
    AsyncResult<std::string> stream_text(std::string text, SendOptions options = {});

    AsyncResult<Task> get_task(std::string task_id,
                               std::optional<int> history_length = std::nullopt);
    AsyncResult<ListTasksResponse> list_tasks(ListTasksRequest request = {});
    [[nodiscard]] AsyncTaskList tasks(ListTasksRequest request = {});
    AsyncResult<Task> cancel(std::string task_id, RawJson metadata = {});
    AsyncResult<AsyncClientStream> subscribe(std::string task_id, std::string last_event_id = {});

    AsyncResult<TaskPushNotificationConfig> set_push_config(TaskPushNotificationConfig config);
    AsyncResult<TaskPushNotificationConfig> get_push_config(std::string task_id,
                                                            std::string config_id);
    AsyncResult<std::vector<TaskPushNotificationConfig>> list_push_configs(std::string task_id);
    AsyncResult<void> delete_push_config(std::string task_id, std::string config_id);
    AsyncResult<AgentCard> extended_card();

private:
    std::shared_ptr<client::Session> session_;
};

/// A part with the content of a file; its name is the file's, and its media type follows from the
/// name when none is given. Throws Exception (kInvalidParams) when the file can't be read or is
/// larger than `max_bytes`.
[[nodiscard]] Part file_part(const std::filesystem::path& file, std::string media_type = {},
                             std::size_t max_bytes = 32U << 20U);

/// A message of the user's with one text part and a fresh id.
[[nodiscard]] Message user_message(std::string text);
/// The same with these parts.
[[nodiscard]] Message user_message(std::vector<Part> parts);

}  // namespace a2akit
