#include "backends/memory/stored_bytes.hpp"

#include "backends/common/content_size.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace a2akit::backends {
namespace {

constexpr std::size_t kKey = 300;  // An idempotency key, in its table and at its task.

constexpr std::size_t kWorthALook = 2048;

/// Counts objects that several places share only once, if they are large enough to matter.
class Sum {
public:
    template <class T>
    void add(const Shared<T>& content) {
        const std::size_t bytes = content_size(*content);
        if (bytes < kWorthALook || seen_.insert(&*content).second) bytes_ += bytes;
    }
    void add(std::size_t bytes) noexcept { bytes_ += bytes; }
    [[nodiscard]] std::int64_t bytes() const noexcept { return static_cast<std::int64_t>(bytes_); }

private:
    std::size_t bytes_ = 0;
    std::set<const void*> seen_;
};

std::size_t size_of(const TurnInput& input) {
    std::size_t bytes = sizeof(TurnInput) + content_size(input.metadata);
    for (const auto& mode : input.accepted_output_modes) bytes += sizeof(mode) + mode.size();
    for (const auto& extension : input.extensions) bytes += sizeof(extension) + extension.size();
    if (input.sealed_context) bytes += input.sealed_context->bytes.size();
    if (!input.context) return bytes;
    for (const auto& [name, value] : input.context->headers)
        bytes += 2 * sizeof(name) + name.size() + value.size();
    for (const auto& [name, value] : input.context->values)
        bytes += 4 * sizeof(name) + name.size() + value.size();
    return bytes;
}

}  // namespace

std::shared_ptr<OwnerUse> StoredBytes::use_of(const OwnerNameView& owner) {
    const std::lock_guard lock(mutex_);
    const auto found = owners_.find(owner);
    if (found != owners_.end()) return found->second;
    OwnerName name{std::string(owner.owner), std::string(owner.tenant)};
    return owners_.emplace(std::move(name), std::make_shared<OwnerUse>()).first->second;
}

void StoredBytes::release(const OwnerNameView& owner, std::shared_ptr<OwnerUse> use) {
    const std::lock_guard lock(mutex_);
    use.reset();
    const auto found = owners_.find(owner);
    if (found != owners_.end() && found->second.use_count() == 1) owners_.erase(found);
}

UpdateSize size_of(const TaskUpdate& update) {
    Sum sum;
    for (const auto& message : update.history) sum.add(message);
    if (update.status) sum.add(sizeof(StoredEvent));
    if (update.status && update.status->message) sum.add(*update.status->message);
    sum.add(content_size(update.status_metadata));
    for (const ArtifactChunk& chunk : update.artifacts) {
        sum.add(sizeof(StoredEvent) + content_size(chunk.metadata));
        sum.add(chunk.artifact);
    }
    if (update.reply) sum.add(*update.reply);
    if (update.checkpoint) sum.add(content_size(*update.checkpoint));
    if (update.metadata) sum.add(content_size(*update.metadata));
    if (update.once) sum.add(kKey + 3 * update.once->key.size());
    const std::int64_t kept = sum.bytes();
    if (update.turn) {
        sum.add(update.turn->message);
        sum.add(size_of(*update.turn));
    }
    return {sum.bytes(), sum.bytes() - kept};
}

std::int64_t size_of(const TaskRecord& task) {
    Sum sum;
    sum.add(static_cast<std::size_t>(kEmptyTask) + task.events.capacity() * sizeof(StoredEvent));
    for (const auto& message : task.history) sum.add(message);
    for (const StoredEvent& event : task.events) {
        sum.add(content_size(event.metadata));
        if (const auto* message = std::get_if<Shared<Message>>(&event.payload)) sum.add(*message);
        if (const auto* artifact = std::get_if<Shared<Artifact>>(&event.payload))
            sum.add(*artifact);
    }
    if (!task.rare) return sum.bytes();
    const RarePart& rare = *task.rare;
    sum.add(content_size(rare.checkpoint) + content_size(rare.metadata));
    if (rare.reply) sum.add(*rare.reply);
    if (rare.status_message) sum.add(*rare.status_message);
    for (const auto& artifact : rare.artifacts) sum.add(artifact);
    for (const auto& key : rare.keys) sum.add(kKey + 3 * key.size());
    for (const PushRecord& record : rare.push) sum.add(static_cast<std::size_t>(size_of(record)));
    return sum.bytes();
}

std::int64_t size_of(const PushRecord& record) {
    const TaskPushNotificationConfig& config = record.config.config;
    std::size_t bytes =
        2 * sizeof(PushRecord) + config.id.size() + config.url.size() + config.token.size();
    if (config.authentication) {
        bytes += config.authentication->scheme.size() + config.authentication->credentials.size();
    }
    return static_cast<std::int64_t>(bytes);
}

std::size_t content_size(const StoredEvent& event) {
    std::size_t bytes = sizeof(TaskEvent) + content_size(event.metadata);
    if (const auto* message = std::get_if<Shared<Message>>(&event.payload))
        bytes += content_size(**message);
    if (const auto* artifact = std::get_if<Shared<Artifact>>(&event.payload))
        bytes += content_size(**artifact);
    return bytes;
}

}  // namespace a2akit::backends
