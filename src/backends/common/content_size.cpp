#include "backends/common/content_size.hpp"

#include <string>
#include <variant>
#include <vector>

namespace a2akit::backends {
namespace {

struct SizeOfContent {
    std::size_t operator()(std::monostate) const noexcept { return 0; }
    std::size_t operator()(const TextContent& text) const noexcept { return text.text.size(); }
    std::size_t operator()(const RawContent& raw) const noexcept { return raw.bytes.size(); }
    std::size_t operator()(const UrlContent& url) const noexcept { return url.url.size(); }
    std::size_t operator()(const DataContent& data) const noexcept {
        return content_size(data.value);
    }
};

std::size_t size_of(const std::vector<Part>& parts) {
    std::size_t sum = 0;
    for (const Part& part : parts) {
        sum += sizeof(Part) + std::visit(SizeOfContent{}, part.content) +
               content_size(part.metadata) + part.filename.size() + part.media_type.size();
    }
    return sum;
}

std::size_t size_of(const std::vector<std::string>& texts) {
    std::size_t sum = 0;
    for (const std::string& text : texts) sum += sizeof(std::string) + text.size();
    return sum;
}

}  // namespace

std::size_t content_size(const RawJson& json) noexcept {
    return json.empty() ? 0 : sizeof(std::string) + json.text().size();
}

std::size_t content_size(const Message& message) {
    return sizeof(Message) + size_of(message.parts) + content_size(message.metadata) +
           size_of(message.extensions) + size_of(message.reference_task_ids);
}

std::size_t content_size(const Artifact& artifact) {
    return sizeof(Artifact) + size_of(artifact.parts) + content_size(artifact.metadata) +
           artifact.name.size() + artifact.description.size() + size_of(artifact.extensions);
}

std::size_t content_size(const TaskEvent& event) {
    if (const auto* chunk = std::get_if<ArtifactChunk>(&event.change)) {
        return sizeof(TaskEvent) + content_size(*chunk->artifact) + content_size(chunk->metadata);
    }
    const auto& change = std::get<StatusChange>(event.change);
    const auto& message = change.status.message;
    return sizeof(TaskEvent) + content_size(change.metadata) +
           (message ? content_size(**message) : 0);
}

std::size_t content_size(const TaskSnapshot& snapshot) {
    std::size_t sum = sizeof(TaskSnapshot) + content_size(snapshot.metadata);
    if (snapshot.status.message) sum += content_size(**snapshot.status.message);
    for (const auto& artifact : snapshot.artifacts) sum += content_size(*artifact);
    for (const auto& message : snapshot.history) sum += content_size(*message);
    return sum;
}

}  // namespace a2akit::backends
