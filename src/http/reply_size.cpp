#include "http/reply_size.hpp"

#include <variant>
#include <vector>

namespace a2akit::http {
namespace {

std::size_t size_of(const std::vector<Part>& parts) {
    std::size_t sum = 0;
    for (const Part& part : parts) {
        if (const std::string* text = part.text())
            sum += text->size();
        else if (const RawJson* data = part.data())
            sum += data->text().size();
        else if (const auto* raw = std::get_if<RawContent>(&part.content))
            sum += raw->bytes.size() / 3 * 4;
    }
    return sum;
}

std::size_t size_of(const Task& task) {
    std::size_t sum = task.status.message ? size_of((*task.status.message)->parts) : 0;
    for (const auto& artifact : task.artifacts) sum += size_of(artifact->parts);
    for (const auto& message : task.history) sum += size_of(message->parts);
    return sum;
}

}  // namespace

std::size_t content_size(const Reply& reply) {
    if (const auto* task = std::get_if<Task>(&reply)) return size_of(*task);
    if (const auto* sent = std::get_if<SendMessageResponse>(&reply)) {
        if (const auto* task = std::get_if<Task>(&sent->payload)) return size_of(*task);
        if (const auto* message = std::get_if<Message>(&sent->payload))
            return size_of(message->parts);
    }
    std::size_t sum = 0;
    if (const auto* list = std::get_if<ListTasksResponse>(&reply)) {
        for (const Task& task : list->tasks) sum += size_of(task);
    }
    return sum;
}

std::size_t content_size(const StreamItem& item) {
    const auto& payload = item.response.payload;
    if (const auto* task = std::get_if<Task>(&payload)) return size_of(*task);
    if (const auto* message = std::get_if<Message>(&payload)) return size_of(message->parts);
    if (const auto* made = std::get_if<TaskArtifactUpdateEvent>(&payload))
        return size_of(made->artifact->parts);
    const auto* changed = std::get_if<TaskStatusUpdateEvent>(&payload);
    return changed != nullptr && changed->status.message
               ? size_of((*changed->status.message)->parts)
               : 0;
}

}  // namespace a2akit::http
