#include "serve/proxy_worker.hpp"

#include "client/stream_beginning.hpp"
#include "core/log.hpp"
#include "core/log_text.hpp"
#include "json/cursor.hpp"

#include <a2akit/core/when.hpp>
#include <a2akit/json/json.hpp>
#include <a2akit/worker/task_context.hpp>

#include <utility>

namespace a2akit::serve {
namespace {

/// Where the conversation stands at the other agent.
struct Place {
    std::string task;
    std::string context;
    std::string message;  ///< The last message that it has accepted.
};

Place read_place(const RawJson& value) {
    Place place;
    if (value.empty()) return place;
    json::Cursor cursor(value.text(), json::Mode::kLenient);
    const bool read =
        cursor.kind() == json::Kind::kObject && cursor.object([&](std::string_view key) {
            std::string* field = key == "task"      ? &place.task
                                 : key == "context" ? &place.context
                                 : key == "message" ? &place.message
                                                    : nullptr;
            return field != nullptr && cursor.kind() == json::Kind::kString ? cursor.string(*field)
                                                                            : cursor.skip();
        });
    return read && cursor.finish() ? place : Place{};
}

RawJson write_place(const Place& place) {
    return Json::object(
        {{"task", place.task}, {"context", place.context}, {"message", place.message}});
}

AgentMessage said(const std::optional<Shared<Message>>& message) {
    if (!message) return {};
    return {(*message)->parts, (*message)->metadata, (*message)->extensions};
}

AgentMessage said_or(const std::optional<Shared<Message>>& message, const char* otherwise) {
    AgentMessage result = said(message);
    if (result.parts.empty()) result.parts.push_back(Part::from_text(otherwise));
    return result;
}

bool ends_turn(TaskState state) noexcept {
    return is_terminal(state) || state == TaskState::kInputRequired ||
           state == TaskState::kAuthRequired;
}

std::string text_of(const std::optional<Shared<Message>>& message, const char* otherwise) {
    std::string text = message ? (*message)->text() : std::string();
    return text.empty() ? otherwise : text;
}

}  // namespace

/// One message on its way through the other agent.
class ProxyWorker::Turn {
public:
    Turn(TaskContext& ctx, AsyncClient client) : ctx_(ctx), client_(std::move(client)) {}

    Async<void> run() {
        place_ = read_place(ctx_.checkpoint());
        if (place_.context.empty())
            place_.context = read_place(co_await ctx_.load_context()).context;
        // An earlier run of this turn has sent the message already.
        if (!place_.task.empty() && place_.message == ctx_.message_id())
            co_await follow(client_.subscribe(place_.task));
        else
            co_await follow(send());
    }
    /// Cancels what the other agent does, when this task is cancelled and it does something.
    Async<void> cancel() {
        co_await ctx_.cancelled();  // now the deadline is known, if a cancel is the reason
        if (!ctx_.deadline() || place_.task.empty()) co_return;
        const Result<Task> cancelled =
            co_await detail::within(detail::never_stopped(), cancel_task(client_, place_.task));
        if (!cancelled) {
            log::info("the other agent did not cancel its task error={}",
                      quoted(cancelled.error().message));
        }
    }

private:
    static AsyncResult<Task> cancel_task(AsyncClient client, std::string task) {
        co_return co_await client.cancel(std::move(task));
    }

    AsyncResult<AsyncClientStream> send() {
        Message message = ctx_.message();
        message.context_id = place_.context;
        message.task_id = place_.task;
        message.reference_task_ids.clear();  // they name tasks of this agent
        SendOptions options;
        options.metadata = ctx_.metadata();
        options.configuration.emplace().accepted_output_modes = ctx_.accepted_output_modes();
        options.idempotency_key = ctx_.task_id() + "/" + ctx_.message_id();
        return client_.stream(std::move(message), std::move(options));
    }

    Async<void> follow(AsyncResult<AsyncClientStream> opening) {
        Result<client::StreamBeginning> beginning =
            co_await client::begin_stream(ctx_, std::move(opening));
        if (!beginning) co_return co_await not_begun(std::move(beginning.error()));
        Result<std::optional<StreamEvent>> event = std::move(beginning->first);
        for (;; event = co_await beginning->stream.next()) {
            if (!event) co_return co_await report(event.error());
            if (!*event)
                co_return co_await ctx_.fail("the other agent ended its answer without an outcome");
            co_await pass_on(std::move(**event));
            if (ctx_.turn_ended()) co_return;
        }
    }
    Async<void> not_begun(Error error) {
        if (error.code == ErrorCode::kUnsupportedOperation && !place_.task.empty())
            return take_result(std::move(error));
        return report(std::move(error));
    }
    /// Its task has ended meanwhile, so that there is nothing to subscribe to.
    Async<void> take_result(Error error) {
        Result<Task> task = co_await client_.get_task(place_.task);
        if (!task || !ends_turn(task->status.state)) co_return co_await report(error);
        co_await pass_on(StreamEvent{.response = {std::move(*task)}});
    }

    Async<void> pass_on(StreamEvent event) {
        if (const Task* task = event.task()) {
            co_await remember(task->id, task->context_id);
            for (const Shared<Artifact>& artifact : task->artifacts)
                co_await emit(*artifact, false, false);
            co_return co_await take_status(task->status);
        }
        if (const TaskArtifactUpdateEvent* update = event.artifact())
            co_return co_await emit(*update->artifact, update->append, update->last_chunk);
        if (const TaskStatusUpdateEvent* update = event.status()) {
            co_await remember(update->task_id, update->context_id);
            co_return co_await take_status(update->status);
        }
        if (const Message* message = event.message()) {
            co_await remember({}, message->context_id);
            co_await ctx_.respond(
                AgentMessage{message->parts, message->metadata, message->extensions});
        }
    }

    Async<void> remember(std::string task, std::string context) {
        const bool same =
            place_.task == task && place_.context == context && place_.message == ctx_.message_id();
        if (same) co_return;
        const bool new_context = place_.context != context && !context.empty();
        place_ = {std::move(task), std::move(context), ctx_.message_id()};
        if (!place_.task.empty()) co_await ctx_.save_checkpoint(write_place(place_));
        if (new_context) co_await ctx_.update_context(write_place({{}, place_.context, {}}));
    }

    Async<void> emit(Artifact artifact, bool append, bool last_chunk) {
        EmitArtifact copy = EmitArtifact::of_parts(std::move(artifact.parts));
        copy.artifact_id = std::move(artifact.artifact_id);
        copy.name = std::move(artifact.name);
        copy.description = std::move(artifact.description);
        copy.metadata = std::move(artifact.metadata);
        copy.extensions = std::move(artifact.extensions);
        copy.append = append;
        copy.last_chunk = last_chunk;
        return ctx_.emit_artifact(std::move(copy));
    }

    Async<void> take_status(TaskStatus status) {
        switch (status.state) {
            case TaskState::kCompleted:
                if (status.message) return ctx_.respond(said_or(status.message, ""));
                return ctx_.complete();
            case TaskState::kFailed:
                return ctx_.fail(said_or(status.message, "the other agent failed"));
            case TaskState::kRejected:
                return ctx_.reject(said_or(status.message, "the other agent rejected the task"));
            case TaskState::kCanceled:
                return ctx_.fail(said_or(status.message, "the other agent canceled the task"));
            case TaskState::kInputRequired:
                return ctx_.request_input(said_or(status.message, "more input is required"),
                                          write_place(place_));
            case TaskState::kAuthRequired:
                return ctx_.request_auth(
                    AuthRequest::of(
                        text_of(status.message, "the other agent asks for credentials")),
                    write_place(place_));
            default:
                if (!status.message) return {};
                return ctx_.send_status(said(status.message));
        }
    }

    /// The other agent's own errors are for the client; where it is and why it can't be reached is
    /// for the log.
    Async<void> report(Error error) {
        log::warn("the other agent did not answer error={}", quoted(error.message));
        const bool its_own =
            error.code != ErrorCode::kUnavailable && error.code != ErrorCode::kInternal;
        co_await ctx_.fail(its_own ? "the other agent refused the message: " + error.message
                                   : "the other agent cannot be reached, or broke off its answer");
    }

    TaskContext& ctx_;
    AsyncClient client_;
    Place place_;
};

ProxyWorker::ProxyWorker(ProxyOptions options) : options_(std::move(options)) {}

AsyncResult<AsyncClient> ProxyWorker::client() {
    {
        const std::lock_guard lock(mutex_);
        if (client_) co_return *client_;
    }
    ClientOptions options;
    options.bearer_token = options_.token;
    Result<AsyncClient> connected = co_await AsyncClient::connect(options_.url, std::move(options));
    if (!connected) co_return fail(std::move(connected.error()));
    const std::lock_guard lock(mutex_);
    if (!client_) client_ = *connected;
    co_return *client_;
}

Async<void> ProxyWorker::handle(TaskContext& ctx) {
    Result<AsyncClient> connected = co_await client();
    if (!connected) {
        log::warn("the other agent cannot be reached error={}", quoted(connected.error().message));
        co_return co_await ctx.fail("the other agent cannot be reached");
    }
    Turn turn(ctx, std::move(*connected));
    std::exception_ptr stopped;
    try {
        co_await turn.run();
    } catch (const Cancelled&) {
        stopped = std::current_exception();
    }
    if (!stopped) co_return;
    co_await turn.cancel();
    std::rethrow_exception(stopped);
}

}  // namespace a2akit::serve
