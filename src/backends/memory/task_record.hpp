#pragma once

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
    std::unique_ptr<const RawJson> metadata;
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

/// A run that has not been released or taken over.
struct LiveRun {
    Epoch epoch = 0;
    Turn turn = 0;
    NodeId node;
    WriteId claim;
    Timestamp lease_until{};
    Timestamp look{};  ///< The lease deadline; later once a sweep has seen it pass.
    Answer answer;     ///< Of the claim.
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
struct ActivePart : ListHook<ByRun> {
    explicit ActivePart(TaskRecord& owner) : record(&owner) {}

    TaskRecord* record;
    std::optional<TurnInput> input;  ///< Of the newest turn, until it ends.
    std::optional<LiveRun> run;
    int attempts = 0;  ///< Of the newest turn.
    int looks = 0;     ///< How often sweeps have looked at it.
    Timestamp turn_look{};
    std::optional<Timestamp> cancel_by;
    Timestamp cancel_look{};
    std::array<Answer, 6> answers;  ///< The newest writes, as a ring.
    std::size_t next_answer = 0;
    std::int64_t input_bytes = 0;  ///< The counted bytes of `input`.
};

/// The parts that few tasks have.
struct RarePart {
    RawJson checkpoint;
    RawJson metadata;
    std::optional<Shared<Message>> reply;
    std::optional<Timestamp> keep_reply_until;
    std::vector<std::string> keys;  ///< Idempotency keys that name this task.
    bool dead_letter = false;
    std::vector<Shared<Artifact>> artifacts;  ///< Once the log is compacted: what it had made…
    std::optional<Shared<Message>> status_message;  ///< …and the message of its last status.
};

/// A task in its shard, which alone reads and changes it, under the shard's lock.
struct TaskRecord : SetHook<ByStatus>, SetHook<ByContext>, SetHook<ByLook>, ListHook<ByRest> {
    TaskId id;
    OwnerIndex* owner = nullptr;
    std::string context_id;
    ContextIndex* context = nullptr;

    TaskState state = TaskState::kUnspecified;
    bool revealed = true;
    bool turn_ended = false;
    Turn turn = 0;
    std::uint32_t revision = 0;
    std::uint32_t compacted = 0;    ///< Events that are no longer in `events`.
    std::uint32_t last_status = 0;  ///< Place in `events` behind the newest status; 0: none.
    Epoch epoch = 0;
    std::int64_t bytes = 0;  ///< As counted; see TaskShard::count.
    Timestamp status_time{};
    Timestamp next_look = Timestamp::max();
    std::vector<StoredEvent> events;
    std::vector<Shared<Message>> history;
    Answer made;   ///< Of the write that made the task, later its newest turn.
    Answer ended;  ///< Of the write that ended it.
    std::unique_ptr<ActivePart> active;
    std::unique_ptr<RarePart> rare;

    [[nodiscard]] std::uint32_t last_sequence() const noexcept {
        return compacted + static_cast<std::uint32_t>(events.size());
    }
    [[nodiscard]] bool has_ended() const noexcept { return is_terminal(state); }
    [[nodiscard]] LiveRun* run() const noexcept {
        return active && active->run ? &*active->run : nullptr;
    }
    [[nodiscard]] bool live_run(Timestamp now) const noexcept {
        const LiveRun* held = run();
        return held != nullptr && held->lease_until > now;
    }
    /// Whether the newest turn may be claimed now.
    [[nodiscard]] bool turn_due(Timestamp now) const noexcept {
        return turn != 0 && !turn_ended && !has_ended() && !live_run(now);
    }
    RarePart& rarely() {
        if (!rare) rare = std::make_unique<RarePart>();
        return *rare;
    }
};

}  // namespace a2akit::backends
