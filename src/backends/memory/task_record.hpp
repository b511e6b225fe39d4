#pragma once

#include "backends/common/push_rules.hpp"
#include "backends/common/task_kernel.hpp"

#include <a2akit/storage/storage.hpp>

#include <boost/intrusive/link_mode.hpp>
#include <boost/intrusive/list_hook.hpp>
#include <boost/intrusive/set_hook.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace a2akit::backends {

struct OwnerIndex;
struct ContextIndex;

/// One event of the log. Its sequence is its place in the log; message and artifact are shared with
/// the snapshot.
struct StoredEvent {
    std::variant<std::monostate, Shared<Message>, Shared<Artifact>> payload;
    Timestamp time{};  ///< Of a status.
    RawJson metadata;
    TaskState state = TaskState::kUnspecified;  ///< kUnspecified: a chunk.
    bool append = false;
    bool last_chunk = false;
};

/// The answer of a write, kept so that its repetition returns the same.
struct Answer {
    WriteId id;
    Turn turn = 0;
    std::uint32_t revision = 0;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    TaskState before = TaskState::kUnspecified;
    TaskState after = TaskState::kUnspecified;
    bool turn_ended = false;
    bool turn_due = false;
};

template <class Tag>
using SetHook =
    boost::intrusive::set_base_hook<boost::intrusive::tag<Tag>,
                                    boost::intrusive::optimize_size<true>,
                                    boost::intrusive::link_mode<boost::intrusive::safe_link>>;
template <class Tag>
using ListHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                     boost::intrusive::link_mode<boost::intrusive::safe_link>>;
struct ByStatus;
struct ByContext;
struct ByLook;
struct ByRest;
struct ByRun;

struct TaskRecord;

/// The part of a task that exists only until it has ended.
struct ActivePart : ListHook<ByRun>, kernel::TaskWork {
    explicit ActivePart(TaskRecord& owner) : record(&owner) {}

    TaskRecord* record;
    std::optional<TurnInput> input;  ///< Of the newest turn, until it ends.
    NodeId node;                     ///< Of the run.
    Answer claimed;                  ///< Of the run's claim.
    std::array<Answer, 6> answers;   ///< The newest writes, as a ring.
    std::size_t next_answer = 0;
    std::int64_t input_bytes = 0;  ///< The counted bytes of `input`.
};

/// A push notification configuration of a task.
struct PushRecord {
    PushConfig config;
    PushProgress progress;
};

/// The parts that few tasks have.
struct RarePart {
    std::optional<std::string> context_id;  ///< Unless the first message carries it.
    RawJson checkpoint;
    RawJson metadata;
    std::optional<Shared<Message>> reply;
    std::optional<Timestamp> keep_reply_until;
    std::vector<std::string> keys;  ///< Idempotency keys that name this task.
    bool dead_letter = false;
    std::vector<PushRecord> push;
    std::vector<Shared<Artifact>> artifacts;  ///< Once the log is compacted: what it had made…
    std::optional<Shared<Message>> status_message;  ///< …and the message of its last status.
};

/// A task in its shard, which alone reads and changes it, under the shard's lock.
struct TaskRecord : SetHook<ByStatus>,
                    SetHook<ByContext>,
                    SetHook<ByLook>,
                    ListHook<ByRest>,
                    kernel::TaskCore {
    TaskId id;
    OwnerIndex* owner = nullptr;
    ContextIndex* context = nullptr;

    std::uint32_t compacted = 0;    ///< Events that are no longer in `events`.
    std::uint32_t last_status = 0;  ///< Place in `events` behind the newest status; 0: none.
    std::int64_t bytes = 0;         ///< As counted; see TaskShard::count.
    Timestamp next_look = Timestamp::max();
    std::vector<StoredEvent> events;
    std::vector<Shared<Message>> history;  ///< The first one stays.
    Answer made;   ///< Of the write that made the task, later its newest turn.
    Answer ended;  ///< Of the write that ended it.
    std::unique_ptr<ActivePart> active;
    std::unique_ptr<RarePart> rare;

    [[nodiscard]] const std::string& context_id() const noexcept {
        return rare && rare->context_id ? *rare->context_id : history.front()->context_id;
    }
    /// Sets the contextId and the first messages. Once.
    void begin(std::string context, std::vector<Shared<Message>> messages) {
        history = std::move(messages);
        if (history.empty() || history.front()->context_id != context)
            rarely().context_id = std::move(context);
    }
    [[nodiscard]] kernel::TaskHead head() const {
        return {*this, active ? static_cast<const kernel::TaskWork&>(*active) : kernel::TaskWork{}};
    }
    [[nodiscard]] bool live_run(Timestamp now) const noexcept {
        return active && active->run && active->run->lease_until > now;
    }
    RarePart& rarely() {
        if (!rare) rare = std::make_unique<RarePart>();
        return *rare;
    }
};

}  // namespace a2akit::backends
