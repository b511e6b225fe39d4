#pragma once

#include "runtime/runs/worker_node.hpp"

#include <a2akit/core/when.hpp>
#include <a2akit/worker/task_context.hpp>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace a2akit {

/// One run's view of its task: turns every call into one TaskUpdate under the run's epoch.
///
/// Belongs to the loop of its adapter; the flags that a BlockingWorker's thread may read are
/// atomic.
class TaskContextImpl final : public TaskContext, private detail::StopScope {
public:
    /// The progress of the handler.
    enum class Ending : std::uint8_t { kNone, kPaused, kTerminal };

    TaskContextImpl(WorkerNode& node, const ServedAgent& agent, Turn turn, Run&& run);

    // -- For the adapter
    [[nodiscard]] TaskId id() const noexcept { return run_.snapshot.id; }
    [[nodiscard]] Epoch epoch() const noexcept { return run_.epoch; }
    [[nodiscard]] const ServedAgent& agent() const noexcept { return agent_; }
    [[nodiscard]] Turn turn() const noexcept { return turn_; }
    [[nodiscard]] const Appended& claimed() const noexcept { return run_.appended; }
    [[nodiscard]] Ending ending() const noexcept { return ending_; }
    /// The run is over here: taken over, ended by force, or handed back. The next call throws
    /// `why`.
    void lose(ErrorCode why) noexcept;
    [[nodiscard]] bool lost() const noexcept { return lost_.load(std::memory_order_acquire); }
    /// Ended by this run, or found to have ended otherwise.
    [[nodiscard]] bool task_is_over() const noexcept {
        return ending_ == Ending::kTerminal || (lost() && (lost_why_ == ErrorCode::kTaskTerminal ||
                                                           lost_why_ == ErrorCode::kTaskNotFound));
    }
    /// True after a call that failed because Storage stayed out of reach.
    [[nodiscard]] bool storage_failed() const noexcept { return storage_failed_; }
    void watch(std::unique_ptr<CancelScope> scope) noexcept { scope_ = std::move(scope); }
    /// REQUIRES: the handler has not begun.
    void set_request_context(std::shared_ptr<const RequestContext> context) noexcept {
        run_.input.context = std::move(context);
    }
    void note_cancel(Timestamp cancel_by) noexcept;
    [[nodiscard]] bool cancel_requested() const noexcept;
    /// The scope that asks the whole handler to end early, for a cancel or the end of its run.
    [[nodiscard]] detail::StopScope& scope() noexcept { return *this; }
    /// "task=… turn=… request_id=…", as every log line about this run carries them.
    [[nodiscard]] std::string log_fields() const;
    /// Ends the task in place of the handler.
    AsyncResult<Appended> end_as(TaskState state, std::string text,
                                 std::optional<std::string> dead_letter);

    // -- TaskContext
    [[nodiscard]] const std::string& task_id() const noexcept override { return task_id_; }
    [[nodiscard]] const std::string& context_id() const noexcept override {
        return run_.snapshot.context_id;
    }
    [[nodiscard]] const std::string& message_id() const noexcept override {
        return message().message_id;
    }
    [[nodiscard]] const Message& message() const noexcept override { return *run_.input.message; }
    [[nodiscard]] std::string_view user_text() const noexcept override;
    [[nodiscard]] const std::vector<Part>& parts() const noexcept override {
        return message().parts;
    }
    [[nodiscard]] std::vector<FilePart> files() const override;
    [[nodiscard]] std::vector<RawJson> data_parts() const override;
    [[nodiscard]] const RawJson& metadata() const noexcept override { return run_.input.metadata; }
    [[nodiscard]] const RequestContext& request_context() const noexcept override;
    [[nodiscard]] const std::vector<Shared<Message>>& history() const noexcept override {
        return run_.snapshot.history;
    }
    [[nodiscard]] const std::vector<Shared<Artifact>>& previous_artifacts()
        const noexcept override {
        return run_.snapshot.artifacts;
    }
    [[nodiscard]] const std::vector<std::string>& reference_task_ids() const noexcept override {
        return message().reference_task_ids;
    }
    [[nodiscard]] const std::vector<std::string>& message_extensions() const noexcept override {
        return message().extensions;
    }
    [[nodiscard]] const std::vector<std::string>& extensions() const noexcept override {
        return run_.input.extensions;
    }
    [[nodiscard]] const Principal& principal() const noexcept override {
        const auto& context = run_.input.context;
        return context && context->sender ? *context->sender : owner_principal();
    }
    [[nodiscard]] const std::string& tenant() const noexcept override {
        return run_.snapshot.owner.tenant;
    }
    [[nodiscard]] const Dependencies& dependencies() const noexcept override;
    [[nodiscard]] bool accepts(std::string_view media_type) const noexcept override;
    [[nodiscard]] const std::vector<std::string>& accepted_output_modes() const noexcept override {
        return run_.input.accepted_output_modes;
    }

    [[nodiscard]] bool is_cancelled() const noexcept override;
    Async<void> cancelled() override;
    Async<bool> cancelled_within(Duration span) override;
    [[nodiscard]] bool turn_ended() const noexcept override { return ending_ != Ending::kNone; }
    [[nodiscard]] int attempt() const noexcept override { return run_.attempt; }
    [[nodiscard]] std::optional<Timestamp> deadline() const noexcept override;
    [[nodiscard]] spdlog::logger& logger() noexcept override;

    [[nodiscard]] const RawJson& checkpoint() const noexcept override {
        return run_.snapshot.checkpoint;
    }
    Async<void> save_checkpoint(RawJson value) override;
    Async<RawJson> load_context() override;
    Async<void> update_context(RawJson value) override;

    Async<void> send_status(std::string text) override;
    Async<void> send_status(AgentMessage message) override;
    Async<void> emit_artifact(EmitArtifact artifact) override;
    Async<void> emit_text_artifact(std::string text, std::string artifact_id, bool append,
                                   bool last_chunk) override;
    Async<void> emit_data_artifact(RawJson data, std::string artifact_id) override;

    Async<void> complete(std::optional<std::string> text, std::string artifact_id) override;
    Async<void> complete_json(RawJson data, std::string artifact_id) override;
    Async<void> respond(std::string text) override;
    Async<void> respond(AgentMessage message) override;
    Async<void> reply_directly(std::string text) override;
    Async<void> reply_directly(std::vector<Part> parts) override;
    Async<void> reply_directly(AgentMessage message) override;
    Async<void> fail(std::string reason) override;
    Async<void> fail(AgentMessage reason) override;
    Async<void> reject(std::string reason) override;
    Async<void> reject(AgentMessage reason) override;
    Async<void> request_input(std::string question, RawJson checkpoint) override;
    Async<void> request_input(AgentMessage question, RawJson checkpoint) override;
    Async<void> request_auth(AuthRequest request, RawJson checkpoint) override;

private:
    [[nodiscard]] Signal& stop_signal() noexcept override {
        return scope_ ? scope_->signal() : own_signal_;
    }
    // -- detail::StopScope
    [[nodiscard]] bool stop_requested() const noexcept override { return is_cancelled(); }
    Async<void> wait(Signal& done, std::optional<SteadyTime> until) override;

    /// False: the time was up. Throws Cancelled when `sibling` is the reason to end.
    Async<bool> stopped(Signal* sibling);
    Async<bool> wait_for_stop(std::optional<SteadyTime> until);
    /// Returns when the stop signal is raised, or `other` unless it is null, or at `until`. A
    /// signal has one waiter; coroutines that come later wait behind it.
    Async<void> await_stop(Signal* other, std::optional<SteadyTime> until);
    Async<bool> wait_on(Signal& one, Signal& other, std::optional<SteadyTime> until);
    void wake_next_waiter() noexcept;
    Async<void> wait_until_stopped();
    Async<void> learn_deadline();
    [[nodiscard]] OwnerScope owner() const;
    /// The owner of the task, for a run whose request is not known.
    [[nodiscard]] const Principal& owner_principal() const noexcept;

    /// For a direct reply, whose client never sees a task.
    [[nodiscard]] Message message_without_task(AgentMessage said) const;
    [[nodiscard]] Shared<Message> agent_message(AgentMessage said) const;
    [[nodiscard]] Shared<Message> agent_text(std::string text) const;
    [[nodiscard]] TaskUpdate blank_update();
    Async<void> emit_chunk(Artifact&& artifact, bool append, bool last_chunk);
    /// In an earlier run or turn.
    [[nodiscard]] bool came_before(const std::string& artifact_id) const;
    Async<void> write_status(TaskState state, std::optional<Shared<Message>> message);
    Async<void> write_progress(Shared<Message> message);
    Async<void> write_reply(AgentMessage reply);
    Async<void> write_checkpoint(RawJson value);
    Async<RawJson> read_context();
    Async<void> write_context(RawJson value);
    Async<void> pause(TaskState state, Shared<Message> question, RawJson checkpoint);
    Async<void> complete_with(Part&& part, std::string artifact_id);

    Async<void> write(TaskUpdate&& update);
    Async<void> await_write(AsyncResult<Appended> pending, Ending ending);
    Async<void> await_reply(AsyncResult<Appended> pending, Shared<Message> message);
    void check_may_write(Ending ending) const;
    void settle(const Result<Appended>& result, Ending ending);

    WorkerNode& node_;
    const ServedAgent& agent_;
    Run run_;
    std::string task_id_;
    // Made when the handler asks for them: a handler that waits for hours holds neither.
    mutable std::unique_ptr<const Principal> owner_principal_;
    mutable std::unique_ptr<const std::string> joined_text_;  ///< Of a message of several parts.
    std::unique_ptr<CancelScope> scope_;
    std::shared_ptr<spdlog::logger> logger_;
    Signal own_signal_;
    std::list<Signal*> stop_waiters_;
    std::atomic<std::int64_t> cancel_by_{0};   ///< milliseconds since 1970; 0: none known
    std::unordered_set<std::string> emitted_;  ///< artifactIds of this run
    Turn turn_;
    std::atomic<bool> lost_{false};
    ErrorCode lost_why_ = ErrorCode::kLeaseLost;
    Ending ending_ = Ending::kNone;
    bool stop_awaited_ = false;
    bool storage_failed_ = false;
    std::uint8_t unbroken_writes_ = 0;  ///< Writes since the handler last let others run.
};

}  // namespace a2akit
