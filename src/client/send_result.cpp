#include <a2akit/client/send_result.hpp>

namespace a2akit {
namespace {

const RawJson* first_data(const std::vector<Part>& parts) {
    for (const Part& part : parts) {
        if (const RawJson* data = part.data()) return data;
    }
    return nullptr;
}

}  // namespace

std::string SendResult::text() const {
    return task() != nullptr ? task()->text() : message()->text();
}

RawJson SendResult::data() const {
    if (const Message* reply = message()) {
        const RawJson* data = first_data(reply->parts);
        return data != nullptr ? *data : RawJson();
    }
    for (const Shared<Artifact>& artifact : task()->artifacts) {
        if (const RawJson* data = first_data(artifact->parts)) return *data;
    }
    return {};
}

const std::string& SendResult::task_id() const noexcept {
    return task() != nullptr ? task()->id : message()->task_id;
}

const std::string& SendResult::context_id() const noexcept {
    return task() != nullptr ? task()->context_id : message()->context_id;
}

TaskState SendResult::state() const noexcept {
    return task() != nullptr ? task()->status.state : TaskState::kCompleted;
}

}  // namespace a2akit
