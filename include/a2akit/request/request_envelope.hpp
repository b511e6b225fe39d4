#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/ids.hpp>
#include <a2akit/core/request_context.hpp>
#include <a2akit/protocol/requests.hpp>
#include <a2akit/protocol/version.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit {

class ClientPresence;

/// Which of the eleven operations (specification 1.0, section 5.3), whatever the binding.
enum class Operation : std::uint8_t {
    kSendMessage,
    kSendStreamingMessage,
    kGetTask,
    kListTasks,
    kCancelTask,
    kSubscribeToTask,
    kCreateTaskPushNotificationConfig,
    kGetTaskPushNotificationConfig,
    kListTaskPushNotificationConfigs,
    kDeleteTaskPushNotificationConfig,
    kGetExtendedAgentCard,
};
/// "SendMessage" and so on: the name of the operation in every binding.
[[nodiscard]] std::string_view to_string(Operation operation) noexcept;

/// The typed parameters of an operation. kSendMessage and kSendStreamingMessage share
/// SendMessageRequest.
using OperationParams =
    std::variant<SendMessageRequest, GetTaskRequest, ListTasksRequest, CancelTaskRequest,
                 SubscribeToTaskRequest, TaskPushNotificationConfig,
                 GetTaskPushNotificationConfigRequest, ListTaskPushNotificationConfigsRequest,
                 DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest>;

/// One request on its way to the TaskManager. Middlewares may change all of it.
struct RequestEnvelope {
    Operation operation{};
    OperationParams params;  ///< What may be persisted.
    RequestContext context;  ///< Transient: never stored in clear.
    Principal principal;
    ProtocolVersion version = ProtocolVersion::k1_0;  ///< That the client speaks.
    std::string tenant;  ///< From the path or the params; the path wins where both say the same.
    std::vector<std::string> extensions;  ///< Requested by the client (A2A-Extensions).
    /// Of those, what this agent supports; echoed to the client.
    std::vector<std::string> activated_extensions;
    std::string idempotency_key;            ///< Empty: none.
    std::optional<Sequence> last_event_id;  ///< Of a resumed subscription.
    ClientPresence* client = nullptr;       ///< Outlives the request. Null: one that never leaves.
};

/// One item of a stream, with the id by which the stream can be resumed after it.
struct StreamItem {
    Sequence id = 0;
    StreamResponse response;
};

/// The events of one task on their way to one client. Pulled, so that a slow client costs no
/// memory. Used on the loop that opened it. Destroying it changes nothing but this stream.
class EventStream {
public:
    enum class End {
        kMore,      ///< Ask again.
        kFinished,  ///< The protocol's end: a terminal state, or for a send stream INPUT_REQUIRED,
                    ///< or a Message.
        kDraining,  ///< The server stops: reconnect with the last id.
        kFailed,    ///< See `error`.
    };
    struct Batch {
        /// All that was ready, in order; may be empty only when `end` is not kMore.
        std::vector<StreamItem> items;
        End end = End::kMore;
        std::optional<Error> error;
    };
    virtual ~EventStream() = default;

    /// Waits until there is something to send. At most one call at a time. Returns an empty kMore
    /// batch after `wake()`.
    virtual Async<Batch> next() = 0;
    /// Makes a waiting `next` return, for a heartbeat or because the client has gone. From the
    /// stream's own loop.
    virtual void wake() noexcept = 0;
};

struct Empty {};

/// The answer to an operation, whatever the binding. The first item of a stream is ready when it is
/// returned.
using Reply =
    std::variant<Empty, SendMessageResponse, Task, ListTasksResponse, TaskPushNotificationConfig,
                 ListTaskPushNotificationConfigsResponse, AgentCard, std::unique_ptr<EventStream>>;

struct HandledRequest {
    Result<Reply> reply;
    std::vector<std::string> activated_extensions;
};

/// Answers typed requests: the door between the bindings and the runtime. Called on a loop of the
/// server.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;
    /// Called before the body of a request is read, unless the body has arrived with the head or is
    /// small. An error refuses the request. `context` is a copy of the headers, the address and the
    /// id, and lives until it has returned; its `values` are put into the envelopes of the
    /// request. Default: no objection.
    virtual AsyncResult<void> before_body(RequestContext& context);
    /// Fills `handled`, which is empty, and may move parts of `envelope` out. REQUIRES: both live
    /// until it has returned.
    virtual Async<void> answer(RequestEnvelope& envelope, HandledRequest& handled) = 0;
    /// The same for a caller who has no place for them: keeps both itself.
    Async<HandledRequest> handle(RequestEnvelope envelope);
};

}  // namespace a2akit
