#pragma once

#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>
#include <a2akit/testing/contract_case.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace a2akit::testing {

/// The harness that a backend supplies to run StorageContract, ContextStoreContract,
/// MaintenanceContract and PushStoreContract: one empty store, seen through its four ports, whose
/// engine reads `clock()`.
class StorageHarness : public PortHarness {
public:
    [[nodiscard]] virtual Storage& storage() = 0;
    [[nodiscard]] virtual ContextStore& contexts() = 0;
    [[nodiscard]] virtual Maintenance& maintenance() = 0;
    [[nodiscard]] virtual PushStore& push_store() = 0;
};

/// The words in which the suites over Storage are written. Nothing here is part of the contract.
class StorageFixture : public ::testing::TestWithParam<ContractCase<StorageHarness>> {
protected:
    using Run = a2akit::Run;  // not GoogleTest's private function of that name
    static constexpr Lease kLease = std::chrono::seconds(15);

    void SetUp() override { EXPECT_TRUE(ok(loop_.await(storage().start()))); }
    void TearDown() override { EXPECT_TRUE(ok(loop_.await(storage().stop(loop_.now())))); }

    Storage& storage() { return harness_->storage(); }
    ContextStore& contexts() { return harness_->contexts(); }
    Maintenance& maintenance() { return harness_->maintenance(); }
    PushStore& push_store() { return harness_->push_store(); }
    void advance(Duration by) { loop_.advance(by); }

    /// The answer; a failure of the test when there is none.
    template <class T>
    T must(AsyncResult<T> call) {
        Result<T> result = loop_.await(std::move(call));
        EXPECT_TRUE(ok(result));
        if constexpr (!std::is_void_v<T>) {
            if (!result) return T{};
            return std::move(*result);
        }
    }
    /// The code of the error; nothing when the call succeeded.
    template <class T>
    std::optional<ErrorCode> error_of(AsyncResult<T> call) {
        const Result<T> result = loop_.await(std::move(call));
        if (result) return std::nullopt;
        return result.error().code;
    }

    /// The results of these calls when each is begun before any other has returned.
    template <class T>
    std::vector<Result<T>> at_once(std::vector<AsyncResult<T>> calls) {
        std::vector<std::optional<Result<T>>> answers(calls.size());
        TaskGroup group;
        for (std::size_t i = 0; i < calls.size(); ++i) {
            group.spawn(note_answer(std::move(calls[i]), answers[i]));
        }
        loop_.await(group.join());
        std::vector<Result<T>> all;
        for (auto& answer : answers) all.push_back(std::move(*answer));
        return all;
    }
    template <class T>
    static Async<void> note_answer(AsyncResult<T> call, std::optional<Result<T>>& answer) {
        answer.emplace(co_await std::move(call));
    }

    static Message message_of(std::string text) {
        Message message;
        message.message_id = Uuid::generate().to_string();
        message.role = Role::kUser;
        message.parts.push_back(Part::from_text(std::move(text)));
        return message;
    }
    static TaskUpdate blank() {
        TaskUpdate update;
        update.id = WriteId::next();
        return update;
    }
    static TaskUpdate with_status(TaskState state) {
        TaskUpdate update = blank();
        update.status = TaskStatus{state, {}, {}};
        return update;
    }
    /// The update that TaskManager writes for a message that starts work.
    static TaskUpdate with_turn(std::string text) {
        TaskUpdate update = with_status(TaskState::kSubmitted);
        TurnInput input;
        input.message = message_of(std::move(text));
        update.history.push_back(input.message);
        update.turn = std::move(input);
        return update;
    }
    static ArtifactChunk chunk_of(std::string artifact_id, std::string text, bool append) {
        Artifact artifact;
        artifact.artifact_id = std::move(artifact_id);
        artifact.parts.push_back(Part::from_text(std::move(text)));
        ArtifactChunk chunk;
        chunk.artifact = std::move(artifact);
        chunk.append = append;
        return chunk;
    }
    static TaskUpdate with_chunk(std::string artifact_id, std::string text, bool append) {
        TaskUpdate update = blank();
        update.artifacts.push_back(chunk_of(std::move(artifact_id), std::move(text), append));
        return update;
    }
    static TaskUpdate under(Epoch epoch, TaskUpdate update) {
        update.guard.epoch = epoch;
        return update;
    }
    static TaskUpdate once(std::string key, std::uint8_t hash, TaskUpdate update) {
        IdempotencyKey made;
        made.key = std::move(key);
        made.request_hash.fill(hash);
        update.once = std::move(made);
        return update;
    }

    static NewTask fresh_task(std::string context_id = "context", bool revealed = true) {
        return {TaskId::generate(), std::move(context_id), revealed};
    }
    /// A submitted task of Alice's with its first turn.
    TaskId make_task(std::string context_id = "context") {
        return make_task_of(alice_, std::move(context_id));
    }
    TaskId make_task_of(OwnerScope owner, std::string context_id = "context") {
        return must(storage().create(fresh_task(std::move(context_id)), std::move(owner),
                                     with_turn("hello")))
            .appended.task;
    }
    TaskId make_unrevealed_task() {
        return must(storage().create(fresh_task("context", false), alice_, with_turn("hello")))
            .appended.task;
    }
    Appended append(TaskId task, TaskUpdate update) {
        return must(storage().append(task, all_, std::move(update)));
    }
    std::optional<ErrorCode> append_error(TaskId task, TaskUpdate update) {
        return error_of(storage().append(task, all_, std::move(update)));
    }
    TaskSnapshot load(TaskId task) { return must(storage().load(task, all_)); }

    /// A run; a failure of the test when the claim is refused.
    Run claim(TaskId task, Turn turn = 1) { return claim_as(node_, task, turn); }
    Run claim_as(NodeId node, TaskId task, Turn turn = 1) {
        Claimed claimed = must(storage().claim(WriteId::next(), task, turn, node, kLease));
        Run* run = std::get_if<Run>(&claimed);
        EXPECT_NE(run, nullptr) << "the claim was refused";
        return run != nullptr ? std::move(*run) : Run{};
    }
    /// Why a claim is refused; nothing, and a failure of the test, when it is not.
    std::optional<Refusal> refusal(TaskId task, Turn turn = 1) {
        const Claimed claimed =
            must(storage().claim(WriteId::next(), task, turn, other_node_, kLease));
        const Refusal* refused = std::get_if<Refusal>(&claimed);
        EXPECT_NE(refused, nullptr) << "the claim got a run";
        return refused != nullptr ? std::optional(*refused) : std::nullopt;
    }
    std::optional<Turn> release(TaskId task, Epoch epoch, Release how, Timestamp not_before = {}) {
        return must(storage().release(task, epoch, how, not_before));
    }
    std::vector<Renewal> renew(NodeId node) { return must(storage().renew(node, kLease)); }

    /// A task that was run and has ended, with one artifact.
    TaskId make_ended_task(TaskState state = TaskState::kCompleted,
                           std::string context_id = "context") {
        const TaskId task = make_task(std::move(context_id));
        const Run run = claim(task);
        TaskUpdate update = with_status(state);
        update.artifacts.push_back(chunk_of("answer", "done", false));
        append(task, under(run.epoch, std::move(update)));
        return task;
    }
    /// A task that waits for its user, its handler returned.
    TaskId make_paused_task(TaskState state = TaskState::kInputRequired) {
        const TaskId task = make_task();
        const Run run = claim(task);
        append(task, under(run.epoch, with_status(state)));
        release(task, run.epoch, Release::kPaused);
        return task;
    }
    /// The numbers of the events after `after`, which must follow each other.
    std::vector<TaskEvent> events(TaskId task, Sequence after = 0, int limit = 1000) {
        return must(storage().events(task, all_, after, limit)).events;
    }
    /// "submitted working +answer completed": the log in words.
    std::string log_of(TaskId task) {
        std::string words;
        for (const TaskEvent& event : events(task)) {
            if (!words.empty()) words += ' ';
            if (const auto* chunk = std::get_if<ArtifactChunk>(&event.change)) {
                words += (chunk->append ? "+" : "=") + chunk->artifact->artifact_id;
            } else {
                words += to_string(std::get<StatusChange>(event.change).status.state).substr(11);
            }
        }
        return words;
    }
    std::vector<Due> due(int limit = 100) { return must(maintenance().due(limit)); }
    Timestamp now() { return must(storage().now()); }

    std::unique_ptr<StorageHarness> harness_ = GetParam().make();
    ManualLoop loop_{harness_->clock(), [this] { return harness_->busy(); }};
    const OwnerScope alice_{"alice", "", false};
    const OwnerScope bob_{"bob", "", false};
    const OwnerScope all_ = OwnerScope::everything();
    const NodeId node_ = NodeId::generate();
    const NodeId other_node_ = NodeId::generate();
};

}  // namespace a2akit::testing
