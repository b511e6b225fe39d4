#include <a2akit/client/client_stream.hpp>

namespace a2akit {

std::string StreamEvent::text() const {
    if (const auto* update = artifact()) return update->artifact->text();
    if (const auto* reply = message()) return reply->text();
    std::string text;
    if (const auto* snapshot = task()) {
        for (const Shared<Artifact>& made : snapshot->artifacts) text += made->text();
    }
    return text;
}

TaskState StreamEvent::state() const noexcept {
    if (const auto* snapshot = task()) return snapshot->status.state;
    if (const auto* update = status()) return update->status.state;
    return TaskState::kUnspecified;
}

bool StreamEvent::is_final() const noexcept {
    return message() != nullptr || is_terminal(state()) || is_interrupted(state());
}

}  // namespace a2akit
