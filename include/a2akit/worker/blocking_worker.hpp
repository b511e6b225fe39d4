#pragma once

#include <a2akit/core/loop.hpp>
#include <a2akit/worker/task_context.hpp>
#include <a2akit/worker/worker.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

namespace detail {

/// The calls of one handler, on their way over the loop; one at a time.
struct BlockingCalls {
    Loop& loop;
    TaskGroup group = {};
    std::atomic<std::size_t>* count = nullptr;  ///< Where the worker counts them; may be null.
};

}  // namespace detail

/// TaskContext for code that blocks: the same calls, which return when they are done. See
/// TaskContext for what each of them does and throws.
///
/// Calls that write or wait are carried out on the task's own loop, while the calling thread
/// blocks; a call that only reads returns immediately. One thread at a time may use it. References
/// and views that a call returns are valid until the handler returns.
class BlockingTaskContext {
public:
    explicit BlockingTaskContext(TaskContext& context, Loop& loop) noexcept
        : context_(context), calls_{loop} {}

    // -- The task and its message, which do not change while the handler runs
    [[nodiscard]] const std::string& task_id() const noexcept { return context_.task_id(); }
    [[nodiscard]] const std::string& context_id() const noexcept { return context_.context_id(); }
    [[nodiscard]] const std::string& message_id() const noexcept { return context_.message_id(); }
    [[nodiscard]] const Message& message() const noexcept { return context_.message(); }
    [[nodiscard]] std::string_view user_text() const noexcept { return context_.user_text(); }
    [[nodiscard]] const std::vector<Part>& parts() const noexcept { return context_.parts(); }
    [[nodiscard]] std::vector<FilePart> files() const { return context_.files(); }
    [[nodiscard]] std::vector<RawJson> data_parts() const { return context_.data_parts(); }
    [[nodiscard]] const RawJson& metadata() const noexcept { return context_.metadata(); }
    [[nodiscard]] const RequestContext& request_context() const noexcept {
        return context_.request_context();
    }
    [[nodiscard]] const std::vector<Shared<Message>>& history() const noexcept {
        return context_.history();
    }
    [[nodiscard]] const std::vector<Shared<Artifact>>& previous_artifacts() const noexcept {
        return context_.previous_artifacts();
    }
    [[nodiscard]] const std::vector<std::string>& reference_task_ids() const noexcept {
        return context_.reference_task_ids();
    }
    [[nodiscard]] const std::vector<std::string>& message_extensions() const noexcept {
        return context_.message_extensions();
    }
    [[nodiscard]] const std::vector<std::string>& extensions() const noexcept {
        return context_.extensions();
    }
    [[nodiscard]] const Principal& principal() const noexcept { return context_.principal(); }
    [[nodiscard]] const std::string& tenant() const noexcept { return context_.tenant(); }
    [[nodiscard]] const Dependencies& dependencies() const noexcept {
        return context_.dependencies();
    }
    [[nodiscard]] bool accepts(std::string_view media_type) const noexcept {
        return context_.accepts(media_type);
    }
    [[nodiscard]] const std::vector<std::string>& accepted_output_modes() const noexcept {
        return context_.accepted_output_modes();
    }

    // -- This run
    /// Whether the handler should stop soon. Cheap: ask it between two pieces of work.
    [[nodiscard]] bool is_cancelled() const noexcept { return context_.is_cancelled(); }
    /// Blocks until the handler should stop: the task is cancelled, the run is lost, or the
    /// server's drain time is over.
    void cancelled();
    /// The same for `span` at most: false when there was no reason to stop meanwhile.
    bool cancelled_within(Duration span);
    [[nodiscard]] bool turn_ended() const noexcept { return context_.turn_ended(); }
    [[nodiscard]] int attempt() const noexcept { return context_.attempt(); }
    [[nodiscard]] std::optional<Timestamp> deadline() const noexcept { return context_.deadline(); }
    [[nodiscard]] spdlog::logger& logger() noexcept { return context_.logger(); }

    // -- Resumable work. Each call blocks until Storage has answered.
    [[nodiscard]] const RawJson& checkpoint() const noexcept { return context_.checkpoint(); }
    void save_checkpoint(RawJson value);
    RawJson load_context();
    void update_context(RawJson value);

    // -- Progress. Each call blocks until Storage holds the update.
    void send_status(std::string text);
    void send_status(AgentMessage message);
    template <TextView Text>
    void send_status(Text text) {
        send_status(std::string(text));
    }
    void emit_artifact(EmitArtifact artifact);
    void emit_text_artifact(std::string text, std::string artifact_id = "final-answer",
                            bool append = false, bool last_chunk = false);
    template <TextView Text>
    void emit_text_artifact(Text text, std::string artifact_id = "final-answer",
                            bool append = false, bool last_chunk = false) {
        emit_text_artifact(std::string(text), std::move(artifact_id), append, last_chunk);
    }
    void emit_data_artifact(RawJson data, std::string artifact_id = "final-answer");

    // -- The end of the turn: exactly one of these. Each call blocks until Storage holds it.
    void complete(std::optional<std::string> text = std::nullopt,
                  std::string artifact_id = "final-answer");
    template <TextView Text>
    void complete(Text text, std::string artifact_id = "final-answer") {
        complete(std::string(text), std::move(artifact_id));
    }
    void complete_json(RawJson data, std::string artifact_id = "final-answer");
    void respond(std::string text);
    void respond(AgentMessage message);
    template <TextView Text>
    void respond(Text text) {
        respond(std::string(text));
    }
    void reply_directly(std::string text);
    void reply_directly(std::vector<Part> parts);
    void reply_directly(AgentMessage message);
    template <TextView Text>
    void reply_directly(Text text) {
        reply_directly(std::string(text));
    }
    void fail(std::string reason);
    void fail(AgentMessage reason);
    template <TextView Text>
    void fail(Text reason) {
        fail(std::string(reason));
    }
    void reject(std::string reason);
    void reject(AgentMessage reason);
    template <TextView Text>
    void reject(Text reason) {
        reject(std::string(reason));
    }
    void request_input(std::string question, RawJson checkpoint = {});
    void request_input(AgentMessage question, RawJson checkpoint = {});
    template <TextView Text>
    void request_input(Text question, RawJson checkpoint = {}) {
        request_input(std::string(question), std::move(checkpoint));
    }
    void request_auth(AuthRequest request, RawJson checkpoint = {});

private:
    friend class BlockingWorker;
    TaskContext& context_;
    detail::BlockingCalls calls_;
};

/// An agent whose code blocks: a local model, a database driver. `handle` runs on a thread of a
/// bounded pool; when all threads are busy, further tasks wait for one; tasks that are cancelled
/// meanwhile end immediately and never reach `handle`.
class BlockingWorker : public Worker {
public:
    /// `threads` 0: as many as the machine has cores, at least 4.
    explicit BlockingWorker(std::size_t threads = 0);
    ~BlockingWorker() override;

    /// The agent's code, as Worker::handle: it makes one turn-ending call and returns. Several
    /// threads call it at the same time, for different tasks. An exception that leaves it fails the
    /// task.
    virtual void handle(BlockingTaskContext& ctx) = 0;

    /// Runs the other one on the pool.
    Async<void> handle(TaskContext& ctx) final;

    /// Whether a handler runs, or is about to, and does not just wait for a call of its context:
    /// then it will still post to the loop. For tests in virtual time (testing::ManualLoop). From
    /// any thread.
    [[nodiscard]] bool busy() const noexcept;

private:
    class Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace a2akit
