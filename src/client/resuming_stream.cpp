#include "client/resuming_stream.hpp"

#include "json/codec.hpp"

#include <a2akit/core/when.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace a2akit::client {
namespace {

constexpr std::size_t kMaxDelivered = 256;
/// A stream that lasted this long was of use, even if its task did nothing meanwhile.
constexpr Duration kWorthwhile = std::chrono::seconds(5);

struct TaskIdOf {
    std::string operator()(const std::monostate&) const { return {}; }
    std::string operator()(const Task& task) const { return task.id; }
    std::string operator()(const Message& message) const { return message.task_id; }
    std::string operator()(const TaskStatusUpdateEvent& event) const { return event.task_id; }
    std::string operator()(const TaskArtifactUpdateEvent& event) const { return event.task_id; }
};

/// The agent says that there is no stream to subscribe to: the task has ended, or the agent does
/// not offer it.
bool has_no_stream(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kUnsupportedOperation:
        case ErrorCode::kMethodNotFound:
        case ErrorCode::kTaskNotFound:
        case ErrorCode::kInvalidParams:
        case ErrorCode::kInvalidRequest:
            return true;
        default:
            return false;
    }
}

std::string task_id_of(const Call& call) {
    if (const auto* request = std::get_if<SubscribeToTaskRequest>(&call.params)) return request->id;
    if (const auto* request = std::get_if<SendMessageRequest>(&call.params))
        return request->message.task_id;
    return {};
}

}  // namespace

ResumingStream::ResumingStream(std::shared_ptr<Session> session, Call call, OpenStream stream)
    : session_(std::move(session)), call_(std::move(call)), backoff_(session_->backoff()) {
    reader_.emplace(std::move(stream), session_->options());
    opened_at_ = Loop::current()->now();
    if (call_.operation == Operation::kSubscribeToTask) {
        task_id_ = task_id_of(call_);
        for (const auto& [name, value] : call_.headers) {
            if (name == "Last-Event-ID") last_event_id_ = value;
        }
    }
}

AsyncResult<std::optional<StreamEvent>> ResumingStream::next() {
    if (failed_) co_return fail(*failed_);
    while (!ended_) {
        auto event = co_await read();
        if (!event) {
            failed_ = event.error();
            co_return fail(std::move(event.error()));
        }
        if (*event) co_return std::move(*event);
    }
    co_return std::optional<StreamEvent>();
}

/// One step: an event, or nullopt when the stream has ended or was resumed.
AsyncResult<std::optional<StreamEvent>> ResumingStream::read() {
    auto event = co_await reader_->next();
    if (event && *event) {
        if (is_repeat(**event)) co_return std::optional<StreamEvent>();
        note(**event);
        co_return event;
    }
    // Over JSON-RPC in 0.3, a subscription is refused by its first event.
    if (!event && is_first_ && !task_id_.empty() && has_no_stream(event.error().code))
        co_return co_await poll();
    if (!event && event.error().code != ErrorCode::kUnavailable) co_return event;
    if (event ? settled_ : is_over_) {
        ended_ = true;
        reader_.reset();
        co_return std::optional<StreamEvent>();
    }
    co_return co_await resume(
        event ? Error{ErrorCode::kUnavailable,
                      "the agent closed the stream before the task ended or paused", nullptr}
              : std::move(event.error()));
}

bool ResumingStream::is_repeat(const StreamEvent& event) const {
    return is_first_ && !event.id.empty() &&
           std::find(delivered_.begin(), delivered_.end(), event.id) != delivered_.end();
}

/// False for the task as it stood when the stream was resumed the last time: an agent that sends
/// nothing else, and closes the stream each time, is not resumed for ever.
bool ResumingStream::is_news(const StreamEvent& event) {
    if (!is_first_ || !event.id.empty()) return true;
    const std::size_t now = std::hash<std::string>{}(json::encode(event.response));
    return std::exchange(resumed_with_, now) != now;
}

void ResumingStream::note(StreamEvent& event) {
    if (is_news(event)) backoff_.reset();
    // An agent that does not know the last id begins with the task as it stands.
    if (is_first_) event.after_gap = event.task() != nullptr || last_event_id_.empty();
    is_first_ = false;
    settled_ = event.is_final();
    // At AUTH_REQUIRED, and in a subscription at INPUT_REQUIRED, the agent keeps the stream open.
    is_over_ = event.message() != nullptr || is_terminal(event.state()) ||
               (event.state() == TaskState::kInputRequired &&
                call_.operation == Operation::kSendStreamingMessage);
    if (task_id_.empty()) task_id_ = std::visit(TaskIdOf{}, event.response.payload);
    if (event.id.empty() || event.id == last_event_id_) return;
    last_event_id_ = event.id;
    delivered_.push_back(event.id);
    if (delivered_.size() > kMaxDelivered) delivered_.pop_front();
}

Call ResumingStream::next_call() const {
    if (task_id_.empty()) return call_;
    Call call{Operation::kSubscribeToTask, SubscribeToTaskRequest{{}, task_id_}};
    if (!last_event_id_.empty()) call.headers.emplace_back("Last-Event-ID", last_event_id_);
    return call;
}

void ResumingStream::take_up(OpenStream stream) {
    reader_.emplace(std::move(stream), session_->options());
    opened_at_ = Loop::current()->now();
    ++resumptions_;
    is_first_ = true;
}

Error ResumingStream::given_up(const Error& cut, const Error& reason) const {
    std::string where = task_id_.empty() ? "before its first event" : "in task " + task_id_;
    if (!last_event_id_.empty()) where += " after event " + last_event_id_;
    return {ErrorCode::kUnavailable,
            "the stream was cut " + where + " (" + cut.message +
                ") and could not be resumed: " + reason.message,
            reason.details};
}

AsyncResult<std::optional<StreamEvent>> ResumingStream::resume(Error cut) {
    const ClientOptions& options = session_->options();
    if (!options.resume_streams) co_return fail(std::move(cut));
    if (task_id_.empty() && !options.retry.repeat_lost_sends) {
        const Error reason{ErrorCode::kUnavailable,
                           "its task is not known, and repeat_lost_sends is off", nullptr};
        co_return fail(given_up(cut, reason));
    }
    std::optional<Duration> wait = reader_->retry();
    reader_.reset();
    const bool was_worthwhile = Loop::current()->now() - opened_at_ >= kWorthwhile;
    if (!is_first_ && was_worthwhile) backoff_.reset();
    if (is_first_ && !task_id_.empty()) {
        // Some agents break the connection of a subscriber to a task that has ended.
        auto event = co_await read_task();
        if (event && event->is_final()) ended_ = true;
        if (ended_) co_return std::optional(std::move(*event));
        if (!event && event.error().code == ErrorCode::kTaskNotFound)
            co_return fail(std::move(event.error()));
        // It is the task that is silent: its agent answers.
        if (event && was_worthwhile) backoff_.reset();
    }
    Error reason = cut;
    for (;;) {
        const std::optional<Duration> delay = backoff_.next(wait);
        if (!delay) co_return fail(given_up(cut, reason));
        co_await sleep(*delay);
        auto opened = co_await session_->open_once(next_call(), resumptions_ + 2);
        if (opened) {
            take_up(std::move(*opened));
            co_return std::optional<StreamEvent>();
        }
        Failure& failure = opened.error();
        if (!task_id_.empty() && has_no_stream(failure.error.code)) co_return co_await poll();
        if (!may_repeat(failure, Operation::kSubscribeToTask, options.retry))
            co_return fail(given_up(cut, failure.error));
        wait = failure.retry_after;
        reason = std::move(failure.error);
    }
}

AsyncResult<StreamEvent> ResumingStream::read_task() {
    auto reply = co_await session_->call({Operation::kGetTask, GetTaskRequest{{}, task_id_, {}}});
    if (!reply) co_return fail(std::move(reply.error()));
    StreamEvent event;
    event.response.payload = std::get<Task>(std::move(*reply));
    event.after_gap = true;
    co_return event;
}

/// Reads the task until it has ended or paused.
AsyncResult<std::optional<StreamEvent>> ResumingStream::poll() {
    for (;;) {
        auto event = co_await read_task();
        if (!event) co_return fail(std::move(event.error()));
        if (event->is_final()) {
            ended_ = true;
            co_return std::optional(std::move(*event));
        }
        co_await sleep(session_->options().retry.max_delay);
    }
}

}  // namespace a2akit::client
