#pragma once

#include "runtime/context_vault.hpp"
#include "runtime/task_stream.hpp"
#include "runtime/unanswered_sends.hpp"
#include "runtime/waiters.hpp"

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
    std::optional<Duration> blocking_timeout = {};  ///< None: a blocking send waits for the end of its turn.
    Duration cancel_wait{std::chrono::seconds(2)};
    Duration cancel_force_timeout{std::chrono::seconds(60)};
    Duration reveal_after{std::chrono::seconds(1)};  ///< So long a stream waits for a direct reply.
    /// So long a blocking send waits for a turn to begin that the Broker did not take.
    Duration queue_patience{std::chrono::seconds(3)};
    Duration idempotency_lifetime{std::chrono::hours(24)};
    int event_buffer = 200;                          ///< Events read for a stream at once.
    std::size_t event_buffer_bytes = 256U << 10U;    ///< About: of content, in those.
    std::size_t max_page_bytes = 8U << 20U;  ///< About: of content, in one page of a listing.
    bool may_reply_directly = false;                 ///< Worker::may_reply_directly
    std::shared_ptr<ContextVault> vault = nullptr;   ///< Null: contexts go as they are.
    /// Shared with the workers. Null: turns do not wait for the answers of the sends that made
    /// them.
    std::shared_ptr<UnansweredSends> unanswered = nullptr;
    /// A message without an Idempotency-Key has its messageId for one.
    bool repeat_by_message_id = false;
};

/// A message from a client, with what came beside it. REQUIRES: allowed by RequestRules.
struct SendCommand {
    SendMessageRequest request;
    OwnerScope scope;
    std::shared_ptr<const RequestContext> context = {};  ///< Transient.
    std::vector<std::string> extensions = {};            ///< Activated ones.
    std::string idempotency_key = {};                    ///< Empty: none.
    ClientPresence* client = nullptr;                    ///< Null: one that never leaves.
};

/// Accepts work and answers questions about it; never touches the Worker. What it accepts stands in Storage before the
/// Broker hears of it, and whoever waits is a subscriber of the task.
///
/// One object per server; any of its loops may call. Errors are those a client may see. Outlives its streams.
class TaskManager {
public:
    /// REQUIRES: no port is null (context_store may be).
    TaskManager(Ports ports, std::shared_ptr<EventEmitter> emitter, TaskManagerOptions options);

    /// Waits for the end of the message's own turn, unless configuration.returnImmediately.
    AsyncResult<SendMessageResponse> send(SendCommand command);
    AsyncResult<std::unique_ptr<EventStream>> send_streaming(SendCommand command);

    AsyncResult<Task> get(GetTaskRequest request, OwnerScope scope);
    AsyncResult<ListTasksResponse> list(ListTasksRequest request, OwnerScope scope);
    /// Answers when the task has ended, or after `cancel_wait` with the task as it stands. Idempotent until then.
    AsyncResult<Task> cancel(CancelTaskRequest request, OwnerScope scope);
    /// With `after`, the Last-Event-ID, the stream goes on behind that event instead of beginning with the Task.
    AsyncResult<std::unique_ptr<EventStream>> subscribe(SubscribeToTaskRequest request, OwnerScope scope,
                                                        std::optional<Sequence> after);

    /// Continues a task in AUTH_REQUIRED whose credentials arrived out of band: a new turn with the last message of
    /// the user. kUnsupportedOperation in any other state. For the application; sees every task.
    AsyncResult<void> resume(TaskId task);
    /// Makes the one new task that a dead letter may become, and returns it; a second redrive returns the same.
    AsyncResult<TaskId> redrive(DeadLetter letter);

    /// Nothing new is accepted from now on; who waits, and streams, are served on. Idempotent; from
    /// any thread.
    void refuse_new_work() noexcept { refusing_.store(true, std::memory_order_release); }
    /// Whether a send or a cancel waits for its task, or a stream is open.
    [[nodiscard]] bool anybody_waits() noexcept { return !waiters_.empty(); }
    /// Nothing new is accepted from now on; who waits is answered with the task as it stands,
    /// streams end with kDraining behind what Storage holds for them. Idempotent; from any thread.
    void drain() noexcept {
        refuse_new_work();
        waiters_.drain();
    }
    /// Storage has been away for a while: sends that wait ask it once, and those that get no answer end with that error,
    /// which may be retried. From any thread.
    void notice_outage() noexcept { waiters_.notice_outage(); }

private:
    /// A message that Storage holds, and what is known of its turn.
    struct Accepted {
        TaskId task;
        Turn turn = 0;
        bool turn_ended = false;
        bool queued = true;                          ///< False: the Broker did not take the turn.
        std::unique_ptr<Subscription> subscription;  ///< Null when nobody waits.
        std::optional<TaskSnapshot> snapshot;        ///< Absent: to be loaded.
        std::shared_ptr<void> unanswered = nullptr;  ///< Its turn waits as long as this lives.
    };
    using WakeFor = std::optional<Interest>;

    [[nodiscard]] bool refuses() const noexcept {
        return refusing_.load(std::memory_order_acquire);
    }

    AsyncResult<Accepted> accept(SendCommand command, WakeFor wake_for);
    AsyncResult<Accepted> start_task(SendCommand command, WakeFor wake_for);
    AsyncResult<Accepted> continue_task(SendCommand command, TaskId task, WakeFor wake_for);
    /// The turn that an Idempotency-Key made before.
    /// REQUIRES: `command` lives until it has returned.
    AsyncResult<Accepted> join(const SendCommand& command, TaskId task, Turn turn,
                               WakeFor wake_for);

    /// The update that makes a turn of this message. May be called again when the write was refused.
    TaskUpdate turn_update(const SendCommand& command, Shared<Message> message) const;
    /// Sends the request's context along with that update, as far as that is allowed.
    Result<ContextVault::Offer> pack_context(TaskUpdate& update, const SendCommand& command, TaskId task,
                                             Turn turn) const;
    /// For a send that is answered without waiting: its turn starts behind the answer.
    std::shared_ptr<void> answer_first(const SendCommand& command, TaskId task) const;
    /// What makes a repeat of a message: its Idempotency-Key or its messageId.
    [[nodiscard]] std::string_view key_field_of(const SendCommand& command) const;
    [[nodiscard]] bool is_known_by_message_id(const SendCommand& command) const;
    std::optional<IdempotencyKey> once(const SendCommand& command) const;
    Async<bool> enqueue(TaskId task, Turn turn, const OwnerScope& owner);

    /// Until the turn has ended, its task is erased, this server drains, the client has left or the
    /// time for waiting is up; fails when Storage has been away for a while, or when nobody has
    /// begun to run the turn `queue_patience` after the Broker did not take it.
    AsyncResult<void> await_turn(const Accepted& accepted, ClientPresence* client);
    /// Whether the turn has ended or somebody runs it. Fails when Storage does not say.
    AsyncResult<bool> has_begun(TaskId task, Turn turn);
    AsyncResult<TaskSnapshot> load_to_answer(TaskId task, OwnerScope reader, std::optional<std::int32_t> history);
    /// Waits until a direct reply or the task itself is there to be shown, and makes it so when time is up.
    AsyncResult<TaskSnapshot> settle(TaskId task, Subscription& subscription);
    Async<void> reveal(TaskId task);
    /// Of a task whose cancel is pending, or until `cancel_wait` is up.
    Async<void> await_end(TaskId task, OwnerScope scope, Subscription& subscription);
    AsyncResult<TaskSnapshot> request_cancel(TaskSnapshot task, OwnerScope scope);
    /// The scope in which an accepted message's task is found: unrevealed ones need more than the client's own.
    [[nodiscard]] OwnerScope reader(const SendCommand& command) const;

    Ports ports_;
    std::shared_ptr<EventEmitter> emitter_;
    TaskManagerOptions options_;
    std::atomic<bool> refusing_{false};
    Waiters waiters_;
    TaskStream::Source streams_;
};

/// Begins the keys that the server makes itself: an Idempotency-Key is a header, so no client can
/// send such a one.
inline constexpr char kOwnKeyMark = '\n';
/// The key of a message that is known by its messageId, in its task, or in its context when it
/// names no task.
[[nodiscard]] std::string message_key(const Message& message);

/// SHA-256 over the request in canonical form: the order of a Struct's fields and the spelling of numbers and strings do
/// not count. Without its tenant: the key is scoped to that already.
[[nodiscard]] std::array<std::uint8_t, 32> request_hash(const SendMessageRequest& request);

}  // namespace a2akit
