#include "backends/sqlite/ended_tasks.hpp"

#include "backends/common/content_size.hpp"

#include <utility>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kMostEnded = 1024;
constexpr std::size_t kMostEndedBytes = 4 << 20;
constexpr std::size_t kMostUnfinishedBytes = 8 << 20;
constexpr std::size_t kMostBytesOfATask = 16 << 10;

std::size_t size_of(const TaskUpdate& update) {
    std::size_t bytes = 0;
    for (const Shared<Message>& message : update.history) bytes += backends::content_size(*message);
    for (const ArtifactChunk& chunk : update.artifacts)
        bytes += backends::content_size(*chunk.artifact);
    if (update.status && update.status->message)
        bytes += backends::content_size(**update.status->message);
    return bytes;
}

}  // namespace

std::shared_ptr<const TaskSnapshot> EndedTasks::find(const TaskId& task,
                                                     const OwnerScope& scope) const {
    const std::lock_guard lock(mutex_);
    const auto kept = tasks_.find(task);
    if (kept == tasks_.end()) return nullptr;
    const TaskSnapshot& found = *kept->second.task;
    const bool theirs = found.owner.owner == scope.owner && found.owner.tenant == scope.tenant;
    return scope.system || theirs ? kept->second.task : nullptr;
}

void EndedTasks::keep(std::shared_ptr<const TaskSnapshot> task, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    const TaskId id = task->id;
    drop(id);
    tasks_[id] = {std::move(task), bytes};
    oldest_first_.push_back(id);
    bytes_ += bytes;
    while (bytes_ > kMostEndedBytes || oldest_first_.size() > kMostEnded) {
        drop(oldest_first_.front());
        oldest_first_.pop_front();
    }
}

void EndedTasks::forget(const TaskId& task) {
    const std::lock_guard lock(mutex_);
    drop(task);
}

void EndedTasks::drop(const TaskId& task) {
    const auto kept = tasks_.find(task);
    if (kept == tasks_.end()) return;
    bytes_ -= kept->second.bytes;
    tasks_.erase(kept);
}

void UnfinishedContents::add(const TaskId& task, const TaskUpdate& update, bool creates) {
    const auto known = tasks_.find(task);
    if (!creates && known == tasks_.end()) return;
    const std::size_t added = size_of(update);
    const std::size_t before = known == tasks_.end() ? 0 : known->second.bytes;
    if (before + added > kMostBytesOfATask || bytes_ + added > kMostUnfinishedBytes)
        return drop(task);
    Contents& contents = known == tasks_.end() ? tasks_[task] : known->second;
    contents.history.insert(contents.history.end(), update.history.begin(), update.history.end());
    for (const ArtifactChunk& chunk : update.artifacts)
        contents.pieces.push_back({chunk.artifact, chunk.append});
    contents.status_message = update.status ? update.status->message : std::nullopt;
    contents.bytes += added;
    bytes_ += added;
}

std::optional<UnfinishedContents::Contents> UnfinishedContents::take(const TaskId& task) {
    const auto known = tasks_.find(task);
    if (known == tasks_.end()) return std::nullopt;
    Contents contents = std::move(known->second);
    bytes_ -= contents.bytes;
    tasks_.erase(known);
    return contents;
}

void UnfinishedContents::clear() noexcept {
    tasks_.clear();
    bytes_ = 0;
}

void UnfinishedContents::drop(const TaskId& task) { static_cast<void>(take(task)); }

}  // namespace a2akit::sqlite
