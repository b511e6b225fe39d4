#include <a2akit/client/client.hpp>

#include "client/caller_loop.hpp"

#include <utility>

namespace a2akit {
namespace {

template <class T>
T await(AsyncResult<T> call) {
    return client::run_blocking(std::move(call)).value_or_throw();
}

}  // namespace

std::optional<Task> TaskList::next() { return await(tasks_.next()); }

ClientStream::ClientStream(AsyncClientStream stream) noexcept
    : stream_(std::make_unique<AsyncClientStream>(std::move(stream))) {}
ClientStream::ClientStream(ClientStream&&) noexcept = default;
ClientStream& ClientStream::operator=(ClientStream&&) noexcept = default;
ClientStream::~ClientStream() = default;

std::optional<StreamEvent> ClientStream::next() { return await(stream_->next()); }
const std::string& ClientStream::last_event_id() const noexcept { return stream_->last_event_id(); }
int ClientStream::resumptions() const noexcept { return stream_->resumptions(); }

Client Client::connect(std::string url, ClientOptions options) {
    return Client(await(AsyncClient::connect(std::move(url), std::move(options))));
}
Client::Client(AgentCard card, ClientOptions options)
    : client_(std::move(card), std::move(options)) {}

SendResult Client::send(Message message, SendOptions options) {
    return await(client_.send(std::move(message), std::move(options)));
}
SendResult Client::send(std::string text, SendOptions options) {
    return await(client_.send(std::move(text), std::move(options)));
}
SendResult Client::send_parts(std::vector<OutgoingPart> parts, SendOptions options,
                              Message message) {
    return await(client_.send_parts(std::move(parts), std::move(options), std::move(message)));
}

ClientStream Client::stream(Message message, SendOptions options) {
    return ClientStream(await(client_.stream(std::move(message), std::move(options))));
}
ClientStream Client::stream(std::string text, SendOptions options) {
    return stream(user_message(std::move(text)), std::move(options));
}
ClientStream Client::stream_parts(std::vector<OutgoingPart> parts, SendOptions options,
                                  Message message) {
    return ClientStream(
        await(client_.stream_parts(std::move(parts), std::move(options), std::move(message))));
}
void Client::stream(std::string text, const std::function<void(const StreamEvent&)>& on_event,
                    SendOptions options) {
    ClientStream events = stream(std::move(text), std::move(options));
    for (const StreamEvent& event : events) on_event(event);
}
std::string Client::stream_text(std::string text,
                                const std::function<void(std::string_view)>& on_text,
                                SendOptions options) {
    std::string whole;
    stream(
        std::move(text),
        [&](const StreamEvent& event) {
            std::string piece = event.text();
            // A task after a gap holds the whole text.
            if (event.after_gap && event.task() != nullptr && piece.starts_with(whole))
                piece.erase(0, whole.size());
            if (on_text && !piece.empty()) on_text(piece);
            whole += piece;
        },
        std::move(options));
    return whole;
}

Task Client::get_task(std::string_view task_id, std::optional<int> history_length) {
    return await(client_.get_task(std::string(task_id), history_length));
}
ListTasksResponse Client::list_tasks(ListTasksRequest request) {
    return await(client_.list_tasks(std::move(request)));
}
TaskList Client::tasks(ListTasksRequest request) {
    return TaskList(client_.tasks(std::move(request)));
}
Task Client::cancel(std::string_view task_id, RawJson metadata) {
    return await(client_.cancel(std::string(task_id), std::move(metadata)));
}
ClientStream Client::subscribe(std::string_view task_id, std::string_view last_event_id) {
    return ClientStream(await(client_.subscribe(std::string(task_id), std::string(last_event_id))));
}

TaskPushNotificationConfig Client::set_push_config(TaskPushNotificationConfig config) {
    return await(client_.set_push_config(std::move(config)));
}
TaskPushNotificationConfig Client::get_push_config(std::string_view task_id,
                                                   std::string_view config_id) {
    return await(client_.get_push_config(std::string(task_id), std::string(config_id)));
}
std::vector<TaskPushNotificationConfig> Client::list_push_configs(std::string_view task_id) {
    return await(client_.list_push_configs(std::string(task_id)));
}
void Client::delete_push_config(std::string_view task_id, std::string_view config_id) {
    await(client_.delete_push_config(std::string(task_id), std::string(config_id)));
}
AgentCard Client::extended_card() { return await(client_.extended_card()); }

}  // namespace a2akit
