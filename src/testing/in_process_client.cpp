#include <a2akit/testing/in_process_client.hpp>

#include <a2akit/core/ids.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace a2akit::testing {

std::optional<StreamItem> InProcessStream::next() {
    while (ready_.empty() && !ended_) {
        EventStream::Batch batch = loop_.await(events_->next());
        if (batch.error) throw Exception(std::move(*batch.error));
        ended_ = batch.end != EventStream::End::kMore;
        ready_ = std::move(batch.items);
        std::reverse(ready_.begin(), ready_.end());
    }
    if (ready_.empty()) return std::nullopt;
    StreamItem item = std::move(ready_.back());
    ready_.pop_back();
    return item;
}

std::vector<StreamItem> InProcessStream::rest() {
    std::vector<StreamItem> items;
    while (auto item = next()) items.push_back(std::move(*item));
    return items;
}

HandledRequest InProcessClient::call(RequestEnvelope envelope) {
    return loop_.await(handler_.handle(std::move(envelope)));
}

RequestEnvelope InProcessClient::envelope(Operation operation, OperationParams params) const {
    RequestEnvelope made;
    made.operation = operation;
    made.params = std::move(params);
    made.context = context;
    made.principal = principal;
    made.tenant = tenant;
    return made;
}

template <class T>
T InProcessClient::answer(RequestEnvelope envelope) {
    Reply reply = call(std::move(envelope)).reply.value_or_throw();
    return std::get<T>(std::move(reply));
}

SendMessageResponse InProcessClient::send(SendMessageRequest request, std::string idempotency_key) {
    RequestEnvelope made = envelope(Operation::kSendMessage, std::move(request));
    made.idempotency_key = std::move(idempotency_key);
    return answer<SendMessageResponse>(std::move(made));
}

namespace {

template <class T>
T payload_of(SendMessageResponse response, const char* instead) {
    if (T* payload = std::get_if<T>(&response.payload)) return std::move(*payload);
    throw std::logic_error(std::string("the agent answered with ") + instead);
}

}  // namespace

Task InProcessClient::send(std::string text) {
    return payload_of<Task>(send(text_request(std::move(text))), "a Message, not a Task");
}

Message InProcessClient::send_for_message(std::string text) {
    return payload_of<Message>(send(text_request(std::move(text))), "a Task, not a Message");
}

Task InProcessClient::start(std::string text) {
    SendMessageRequest request = text_request(std::move(text));
    request.configuration.emplace().return_immediately = true;
    return payload_of<Task>(send(std::move(request)), "a Message, not a Task");
}

Task InProcessClient::reply(const Task& task, std::string text) {
    SendMessageRequest request = text_request(std::move(text));
    request.message.task_id = task.id;
    request.message.context_id = task.context_id;
    return payload_of<Task>(send(std::move(request)), "a Message, not a Task");
}

InProcessStream InProcessClient::open_stream(SendMessageRequest request) {
    return {loop_, answer<std::unique_ptr<EventStream>>(
                       envelope(Operation::kSendStreamingMessage, std::move(request)))};
}

std::vector<StreamItem> InProcessClient::stream(std::string text) {
    return open_stream(text_request(std::move(text))).rest();
}

Task InProcessClient::get_task(std::string id, std::optional<std::int32_t> history_length) {
    return answer<Task>(
        envelope(Operation::kGetTask, GetTaskRequest{tenant, std::move(id), history_length}));
}

ListTasksResponse InProcessClient::list_tasks(ListTasksRequest request) {
    return answer<ListTasksResponse>(envelope(Operation::kListTasks, std::move(request)));
}

Task InProcessClient::cancel(std::string id) {
    return answer<Task>(
        envelope(Operation::kCancelTask, CancelTaskRequest{tenant, std::move(id), {}}));
}

InProcessStream InProcessClient::subscribe(std::string id, std::optional<Sequence> last_event_id) {
    RequestEnvelope made =
        envelope(Operation::kSubscribeToTask, SubscribeToTaskRequest{tenant, std::move(id)});
    made.last_event_id = last_event_id;
    return {loop_, answer<std::unique_ptr<EventStream>>(std::move(made))};
}

SendMessageRequest text_request(std::string text) {
    SendMessageRequest request;
    request.message.message_id = Uuid::generate().to_string();
    request.message.role = Role::kUser;
    request.message.parts.push_back(Part::from_text(std::move(text)));
    return request;
}

std::string text_of(const std::vector<StreamItem>& items) {
    std::string text;
    for (const StreamItem& item : items) {
        const auto& payload = item.response.payload;
        if (const auto* update = std::get_if<TaskArtifactUpdateEvent>(&payload))
            text += update->artifact->text();
        if (const auto* message = std::get_if<Message>(&payload)) text += message->text();
    }
    return text;
}

}  // namespace a2akit::testing
