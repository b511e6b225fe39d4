#include "client/stream_beginning.hpp"

#include <a2akit/client/delegate.hpp>
#include <a2akit/core/when.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace a2akit {
namespace {

/// How many agents the request of this handler has passed through, this one included.
int hops_of(const RequestContext& request) {
    const std::string_view text = request.header("x-a2a-hops");
    int hops = 0;
    std::from_chars(text.data(), text.data() + text.size(), hops);
    return std::clamp(hops, 0, Delegate::kMaxHops) + 1;
}

/// Adds what one agent tells the next.
class PassOn final : public Interceptor {
public:
    PassOn(const RequestContext& request, int hops)
        : trace_parent_(request.header("traceparent")),
          trace_state_(request.header("tracestate")),
          hops_(std::to_string(hops)) {}

    AsyncResult<void> before(ClientRequest& request) override {
        if (!trace_parent_.empty()) request.headers.emplace_back("traceparent", trace_parent_);
        if (!trace_state_.empty()) request.headers.emplace_back("tracestate", trace_state_);
        request.headers.emplace_back("X-A2A-Hops", hops_);
        return Result<void>();
    }

private:
    std::string trace_parent_;
    std::string trace_state_;
    std::string hops_;
};

/// The least time that the other agent is given to cancel its task, even when the deadline is over.
constexpr Duration kLeastTime = std::chrono::seconds(1);

/// Cancels the other agent's task, which has to be done although the handler is asked to end. The
/// handler is ended by force at its deadline, so this takes no longer.
Async<void> pass_cancel_on(TaskContext& ctx, AsyncClient client, std::string task_id) {
    co_await ctx.cancelled();  // Returns immediately, and knows the deadline then.
    const std::optional<Timestamp> deadline = ctx.deadline();
    if (!deadline) {
        (void)co_await client.cancel(std::move(task_id));
        co_return;
    }
    const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    const Duration left = std::max(kLeastTime, Duration(*deadline - now));
    (void)co_await when_any(client.cancel(std::move(task_id)), sleep(left));
}

/// The outcome of a stream, as far as it was read.
struct Seen {
    std::string task_id;
    std::optional<Message> reply;
    std::optional<Error> error;
};

std::string task_id_in(const StreamEvent& event) {
    if (const auto* task = event.task()) return task->id;
    if (const auto* status = event.status()) return status->task_id;
    if (const auto* artifact = event.artifact()) return artifact->task_id;
    return {};
}

Async<void> read_all(TaskContext& ctx, AsyncClient client, Message message,
                     std::function<void(const StreamEvent&)> on_event, Seen& seen) {
    auto beginning = co_await client::begin_stream(ctx, client.stream(std::move(message)));
    if (!beginning) {
        seen.error = std::move(beginning.error());
        co_return;
    }
    Result<std::optional<StreamEvent>> event = std::move(beginning->first);
    for (;; event = co_await beginning->stream.next()) {
        if (!event) {
            seen.error = std::move(event.error());
            co_return;
        }
        if (!*event) co_return;
        if (seen.task_id.empty()) seen.task_id = task_id_in(**event);
        if (const Message* reply = (*event)->message()) seen.reply = *reply;
        if (on_event) on_event(**event);
    }
}

}  // namespace

AsyncResult<Delegate> Delegate::connect(TaskContext& ctx, std::string url, ClientOptions options) {
    const int hops = hops_of(ctx.request_context());
    if (hops > kMaxHops) {
        co_return fail(ErrorCode::kUnsupportedOperation,
                       "the request has passed through " + std::to_string(kMaxHops) +
                           " agents and is not passed on: do they call each other in a circle?");
    }
    options.interceptors.push_back(std::make_shared<PassOn>(ctx.request_context(), hops));
    auto client = co_await AsyncClient::connect(std::move(url), std::move(options));
    if (!client) co_return fail(std::move(client.error()));
    co_return Delegate(ctx, std::move(*client));
}

AsyncResult<SendResult> Delegate::send(Message message,
                                       std::function<void(const StreamEvent&)> on_event) {
    Seen seen;
    bool stopped = false;
    try {
        co_await read_all(*ctx_, client_, std::move(message), std::move(on_event), seen);
    } catch (const Cancelled&) {
        stopped = true;
    }
    if (stopped) {
        if (ctx_->is_cancelled() && !seen.task_id.empty()) {
            co_await detail::within(detail::never_stopped(),
                                    pass_cancel_on(*ctx_, client_, seen.task_id));
        }
        throw Cancelled();
    }
    if (seen.error) co_return fail(std::move(*seen.error));
    if (seen.reply) co_return SendResult(std::move(*seen.reply));
    auto task = co_await client_.get_task(std::move(seen.task_id));
    if (!task) co_return fail(std::move(task.error()));
    co_return SendResult(std::move(*task));
}

AsyncResult<SendResult> Delegate::send(std::string text,
                                       std::function<void(const StreamEvent&)> on_event) {
    return send(user_message(std::move(text)), std::move(on_event));
}

}  // namespace a2akit
