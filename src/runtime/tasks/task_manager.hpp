#pragma once

#include "runtime/runs/context_vault.hpp"
#include "runtime/tasks/push_configs.hpp"
#include "runtime/tasks/task_stream.hpp"
#include "runtime/tasks/unanswered_sends.hpp"
#include "runtime/tasks/waiters.hpp"

#include <a2akit/emitter/event_emitter.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/request/client_presence.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

struct TaskManagerOptions {
    /// None: a blocking send waits for the end of its turn.
    std::optional<Duration> blocking_timeout = {};
    Duration cancel_wait{std::chrono::seconds(2)};
    Duration cancel_force_timeout{std::chrono::seconds(60)};
    Duration reveal_after{std::chrono::seconds(1)};  ///< For a direct reply, in a stream.
    /// If the Broker did not take a turn, a blocking send waits this long for the turn to begin.
    Duration queue_patience{std::chrono::seconds(3)};
    Duration idempotency_lifetime{std::chrono::hours(24)};
    int event_buffer = 200;                        ///< Events per read of a stream.
    std::size_t event_buffer_bytes = 256U << 10U;  ///< Approximate content of those.
    std::size_t max_page_bytes = 8U << 20U;  ///< Approximate content of one page of a listing.
    bool may_reply_directly = false;         ///< Worker::may_reply_directly
    std::shared_ptr<ContextVault> vault = nullptr;  ///< Null: contexts go as they are.
    /// Shared with the workers. Null: turns do not wait for the answers of the sends that made
    /// them.
    std::shared_ptr<UnansweredSends> unanswered = nullptr;
    /// The messageId serves as the Idempotency-Key of a message without one.
    bool repeat_by_message_id = false;
    /// For the configurations that come with messages. Null: RequestRules refuses those.
    std::shared_ptr<PushConfigs> push = nullptr;
};

/// A message from a client, with the data that accompanied it. REQUIRES: allowed by RequestRules.
struct SendCommand {
    SendMessageRequest request;
    OwnerScope scope;
    std::shared_ptr<const RequestContext> context = {};  ///< Transient.
    std::vector<std::string> extensions = {};            ///< Activated ones.
    std::string idempotency_key = {};                    ///< Empty: none.
    ClientPresence* client = nullptr;                    ///< Null: one that never leaves.
    ProtocolVersion version = ProtocolVersion::k1_0;     ///< That the client speaks.
};

/// Accepts work and answers questions about it; never touches the Worker. Accepted work is in
/// Storage before the Broker hears of it, and every waiting call is a subscriber of the task.
///
/// One object per server; any of its loops may call. Errors are those a client may see. Outlives
/// its streams.
class TaskManager {
public:
    /// REQUIRES: no port is null (context_store may be).
    TaskManager(Ports ports, std::shared_ptr<EventEmitter> emitter, TaskManagerOptions options);

    /// Waits for the end of the message's own turn, unless configuration.returnImmediately.
    AsyncResult<SendMessageResponse> send(SendCommand command);
    AsyncResult<std::unique_ptr<EventStream>> send_streaming(SendCommand command);

    AsyncResult<Task> get(GetTaskRequest request, OwnerScope scope);
    AsyncResult<ListTasksResponse> list(ListTasksRequest request, OwnerScope scope);
    /// Answers when the task has ended, or after `cancel_wait` with the task's current state.
    /// Idempotent until then.
    AsyncResult<Task> cancel(CancelTaskRequest request, OwnerScope scope);
    /// With `after`, the Last-Event-ID, the stream goes on behind that event instead of beginning
    /// with the Task.
    AsyncResult<std::unique_ptr<EventStream>> subscribe(SubscribeToTaskRequest request,
                                                        OwnerScope scope,
                                                        std::optional<Sequence> after);

    /// Continues a task in AUTH_REQUIRED whose credentials arrived out of band: a new turn with the
    /// last message of the user. kUnsupportedOperation in any other state. For the application;
    /// sees every task.
    AsyncResult<void> resume(TaskId task);
    /// Makes the one new task that a dead letter may become, and returns it; a second redrive
    /// returns the same.
    AsyncResult<TaskId> redrive(DeadLetter letter);

    /// Nothing new is accepted from now on; waiting calls and streams are still served. Idempotent;
    /// from any thread.
    void refuse_new_work() noexcept { refusing_.store(true, std::memory_order_release); }
    /// Whether a send or a cancel waits for its task, or a stream is open.
    [[nodiscard]] bool anybody_waits() noexcept { return !waiters_.empty(); }
    /// Nothing new is accepted from now on; waiting calls are answered with the task's current
    /// state, and streams end with kDraining after the events that Storage holds for them.
    /// Idempotent; from any thread.
    void drain() noexcept {
        refuse_new_work();
        waiters_.drain();
    }
    /// Called when Storage has been away for a while: sends that wait ask it once, and those that
    /// get no answer end with that error, which may be retried. From any thread.
    void notice_outage() noexcept { waiters_.notice_outage(); }

private:
    /// A message that Storage holds, and the known state of its turn.
    struct Accepted {
        TaskId task;
        Turn turn = 0;
        bool turn_ended = false;
        bool queued = true;                          ///< False: the Broker did not take the turn.
        std::unique_ptr<Subscription> subscription;  ///< Null when no call waits.
        std::optional<TaskSnapshot> snapshot;        ///< Absent: to be loaded.
        std::shared_ptr<void> unanswered = nullptr;  ///< Its turn waits as long as this lives.
    };
    using WakeFor = std::optional<Interest>;

    [[nodiscard]] bool refuses() const noexcept {
        return refusing_.load(std::memory_order_acquire);
    }

    // What these take by reference lives in the frame of the send that awaits them.
    AsyncResult<Accepted> accept(SendCommand&& command, WakeFor wake_for);
    AsyncResult<Accepted> accept_with_references(SendCommand&& command, WakeFor wake_for);
    AsyncResult<Accepted> accept_message(SendCommand&& command, WakeFor wake_for);
    AsyncResult<Accepted> start_task(SendCommand&& command, WakeFor wake_for);
    AsyncResult<Accepted> continue_task(const SendCommand& command, TaskId task, WakeFor wake_for);
    /// The turn that an Idempotency-Key made before.
    AsyncResult<Accepted> join(const SendCommand& command, TaskId task, Turn turn,
                               WakeFor wake_for);

    /// The update that makes a turn of this message. May be called again when the write was
    /// refused.
    TaskUpdate turn_update(const SendCommand& command, Shared<Message> message) const;
    /// That update for a task that is there.
    TaskUpdate follow_up_update(const SendCommand& command, const TaskSnapshot& task) const;
    /// Sends the request's context along with that update, as far as that is allowed.
    Result<ContextVault::Offer> pack_context(TaskUpdate& update, const SendCommand& command,
                                             TaskId task, Turn turn) const;
    /// The push notification configuration that came with the message; null for none.
    [[nodiscard]] const TaskPushNotificationConfig* push_config(const SendCommand& command) const;
    /// Stores that configuration, if there is one, for the events behind `after`.
    AsyncResult<void> attach_push(const SendCommand& command, TaskId task, Sequence after) const;
    /// For a send that is answered without waiting: its turn starts after the answer.
    std::shared_ptr<void> answer_first(const SendCommand& command, TaskId task) const;
    /// The name of the field that identifies a repeat of a message: Idempotency-Key or messageId.
    [[nodiscard]] std::string_view key_field_of(const SendCommand& command) const;
    [[nodiscard]] bool is_known_by_message_id(const SendCommand& command) const;
    std::optional<IdempotencyKey> once(const SendCommand& command) const;
    Async<bool> enqueue(TaskId task, Turn turn, const OwnerScope& owner);

    /// Waits until the turn has ended, its task is erased, this server drains, the client has left
    /// or the time for waiting is up. Fails when Storage has been away for a while, or when the
    /// Broker did not take the turn and no run of it has begun within `queue_patience`.
    AsyncResult<void> await_turn(const Accepted& accepted, ClientPresence* client);
    /// Whether the turn has ended or is running. Fails when Storage does not answer.
    AsyncResult<bool> has_begun(TaskId task, Turn turn);
    /// Waits until a direct reply or the revealed task can be shown; reveals the task when the time
    /// is up.
    AsyncResult<TaskSnapshot> settle(TaskId task, Subscription& subscription);
    Async<void> reveal(TaskId task);
    /// Waits for the end of a task whose cancel is pending, until `cancel_wait` is up.
    Async<void> await_end(TaskId task, OwnerScope scope, Subscription& subscription);
    AsyncResult<TaskSnapshot> request_cancel(TaskSnapshot task, OwnerScope scope);
    /// The scope in which an accepted message's task is found: unrevealed ones need more than the
    /// client's own.
    [[nodiscard]] OwnerScope scope_for_reading(const SendCommand& command) const;

    Ports ports_;
    std::shared_ptr<EventEmitter> emitter_;
    TaskManagerOptions options_;
    std::atomic<bool> refusing_{false};
    Waiters waiters_;
    TaskStream::Source streams_;
};

/// The prefix of keys that the server makes itself. An Idempotency-Key is a header, so a client
/// cannot send a key with this prefix.
inline constexpr char kOwnKeyMark = '\n';
/// The key of a message that is identified by its messageId, within its task, or within its context
/// when it does not name a task.
[[nodiscard]] std::string message_key(const Message& message);

/// SHA-256 over the request in canonical form: the order of a Struct's fields and the spelling of
/// numbers and strings do not count. The tenant is left out, since the key is scoped to it already.
[[nodiscard]] std::array<std::uint8_t, 32> request_hash(const SendMessageRequest& request);

}  // namespace a2akit
