#include "runtime/tasks/task_stream.hpp"

#include "runtime/tasks/public_error.hpp"

#include <utility>

namespace a2akit {
namespace {

EventStream::Batch failed(Error error) {
    EventStream::Batch batch;
    batch.end = EventStream::End::kFailed;
    batch.error = std::move(error);
    return batch;
}

class ReplyStream final : public EventStream {
public:
    explicit ReplyStream(const TaskSnapshot& snapshot) {
        StreamItem item;
        item.id = snapshot.last_sequence;
        item.response.payload = **snapshot.reply;
        batch_.items.push_back(std::move(item));
        batch_.end = End::kFinished;
    }
    Async<Batch> next() override {
        Batch batch = std::exchange(batch_, Batch{});
        batch_.end = End::kFinished;
        return batch;
    }
    void wake() noexcept override {}

private:
    Batch batch_;
};

}  // namespace

TaskStream::TaskStream(const Source& source, Start start,
                       std::unique_ptr<Subscription> subscription)
    : source_(source),
      start_(std::move(start)),
      subscription_(std::move(subscription)),
      waiter_(source.waiters, subscription_->signal()) {}

std::unique_ptr<EventStream> TaskStream::of_reply(const TaskSnapshot& snapshot) {
    return std::make_unique<ReplyStream>(snapshot);
}

void TaskStream::begin_with(const TaskSnapshot& snapshot, bool own_turn_ended) {
    first_ = std::make_unique<StreamItem>();
    first_->id = snapshot.last_sequence;
    first_->response.payload = to_task(snapshot, start_.history);
    start_.after = snapshot.last_sequence;
    look_ = false;
    finished_ = ends_stream(start_.kind, snapshot.status.state) ||
                (own_turn_ended && snapshot.status.state != TaskState::kAuthRequired);
}

Async<EventStream::Batch> TaskStream::next() {
    if (!first_ && !finished_) return follow();
    Batch batch;
    if (first_) batch.items.push_back(std::move(*first_));
    first_.reset();
    if (finished_) batch.end = End::kFinished;
    return batch;
}

void TaskStream::wake() noexcept {
    woken_ = true;
    subscription_->signal().set();
}

Async<EventStream::Batch> TaskStream::follow() {
    Signal& signal = subscription_->signal();
    while (true) {
        signal.reset();
        const bool draining = source_.waiters.draining();
        if (look_ || draining || subscription_->last() > start_.after || subscription_->erased()) {
            Batch batch = co_await read();
            // Not before the stream has sent everything that there is, since that may include the
            // end of its task.
            if (draining && batch.end == End::kMore && !look_) batch.end = End::kDraining;
            if (!batch.items.empty() || batch.end != End::kMore) co_return batch;
        }
        if (std::exchange(woken_, false)) co_return Batch{};
        co_await signal.wait();
    }
}

// With a Storage that answers immediately (memory) this makes no coroutine frame.
Async<EventStream::Batch> TaskStream::read() {
    AsyncResult<EventPage> reading =
        source_.storage->events(start_.task, start_.scope, start_.after, source_.batch_limit);
    Result<EventPage>* const page = reading.ready();
    return page != nullptr ? take(std::move(*page)) : read_slowly(std::move(reading));
}

Async<EventStream::Batch> TaskStream::read_slowly(AsyncResult<EventPage> reading) {
    Result<EventPage> page = co_await std::move(reading);
    co_return co_await take(std::move(page));
}

Async<EventStream::Batch> TaskStream::take(Result<EventPage>&& page) {
    if (!page) {
        if (page.error().code == ErrorCode::kCompacted) return start_over();
        return failed(public_error(std::move(page.error())));
    }
    Batch batch;
    batch.items.reserve(page->events.size());
    for (const TaskEvent& event : page->events) {
        add(event, batch);
        if (finished_) break;
    }
    look_ = start_.after < page->last;
    // The stream was resumed after the last event of an ended task.
    if (!look_ && is_terminal(page->state)) finished_ = true;
    if (finished_) batch.end = End::kFinished;
    return batch;
}

Async<EventStream::Batch> TaskStream::start_over() {
    Result<TaskSnapshot> snapshot = co_await source_.storage->load(start_.task, start_.scope);
    if (!snapshot) co_return failed(public_error(std::move(snapshot.error())));
    begin_with(*snapshot, false);
    co_return co_await next();
}

void TaskStream::add(const TaskEvent& event, Batch& batch) {
    StreamItem item;
    item.id = event.sequence;
    start_.after = event.sequence;
    if (const auto* change = std::get_if<StatusChange>(&event.change)) {
        finished_ = ends_stream(start_.kind, change->status.state);
        item.response.payload = TaskStatusUpdateEvent{start_.task.to_string(), start_.context_id,
                                                      change->status, change->metadata};
    } else {
        const auto& chunk = std::get<ArtifactChunk>(event.change);
        item.response.payload = TaskArtifactUpdateEvent{start_.task.to_string(), start_.context_id,
                                                        chunk.artifact,          chunk.append,
                                                        chunk.last_chunk,        chunk.metadata};
    }
    batch.items.push_back(std::move(item));
}

}  // namespace a2akit
