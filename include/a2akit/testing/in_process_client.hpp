#pragma once

#include <a2akit/core/request_context.hpp>
#include <a2akit/request/request_envelope.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::testing {

/// A stream of a task's events, read on a ManualLoop. Destroying it changes nothing for the task.
class InProcessStream {
public:
    InProcessStream(ManualLoop& loop, std::unique_ptr<EventStream> events)
        : loop_(loop), events_(std::move(events)) {}

    /// The next event; nothing when the stream has ended. Throws Exception when it failed,
    /// std::runtime_error when nothing happens any more that could bring one.
    std::optional<StreamItem> next();
    /// All events up to the end.
    std::vector<StreamItem> rest();

private:
    ManualLoop& loop_;
    std::unique_ptr<EventStream> events_;
    std::vector<StreamItem> ready_;  ///< In reverse.
    bool ended_ = false;
};

/// Calls a RequestHandler as a client would, but without a socket, on a ManualLoop: each call runs
/// the loop until its answer is there, in virtual time. Errors are thrown as Exception. Used on the
/// loop's thread.
class InProcessClient {
public:
    /// REQUIRES: both outlive it.
    InProcessClient(ManualLoop& loop, RequestHandler& handler) : loop_(loop), handler_(handler) {}

    /// The caller of the following requests, and the context that accompanies them.
    Principal principal = {};
    std::string tenant = {};
    RequestContext context = {};

    /// Any operation, as a binding would hand it over.
    HandledRequest call(RequestEnvelope envelope);
    /// An envelope with this client's principal, tenant and context.
    [[nodiscard]] RequestEnvelope envelope(Operation operation, OperationParams params) const;

    SendMessageResponse send(SendMessageRequest request, std::string idempotency_key = {});
    /// Waits for the end of the turn. Throws std::logic_error when the agent answers with a
    /// Message.
    Task send(std::string text);
    /// As `send`, for an agent that answers with a Message.
    Message send_for_message(std::string text);
    /// Returns as soon as the task is accepted; nothing of it needs to have run.
    Task start(std::string text);
    /// Sends the answer that a paused task waits for.
    Task reply(const Task& task, std::string text);

    InProcessStream open_stream(SendMessageRequest request);
    /// All events of a send, up to the stream's end.
    std::vector<StreamItem> stream(std::string text);

    Task get_task(std::string id, std::optional<std::int32_t> history_length = std::nullopt);
    ListTasksResponse list_tasks(ListTasksRequest request = {});
    Task cancel(std::string id);
    InProcessStream subscribe(std::string id, std::optional<Sequence> last_event_id = std::nullopt);

private:
    template <class T>
    T answer(RequestEnvelope envelope);

    ManualLoop& loop_;
    RequestHandler& handler_;
};

/// A request to send one text part under a fresh message id.
[[nodiscard]] SendMessageRequest text_request(std::string text);

/// The texts of the artifact chunks and messages among these events, joined.
[[nodiscard]] std::string text_of(const std::vector<StreamItem>& items);

}  // namespace a2akit::testing
