#pragma once

#include "backends/memory/memory_ports.hpp"
#include "runtime/emitters/storage_event_emitter.hpp"
#include "runtime/tasks/task_manager.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace a2akit {

/// A coroutine that runs beside the test, and what it returned.
template <class T>
class Pending {
public:
    Pending(TaskGroup& group, Async<T> coroutine) : result_(std::make_unique<std::optional<T>>()) {
        group.spawn(run(std::move(coroutine), result_.get()));
    }
    [[nodiscard]] bool done() const { return result_->has_value(); }
    T& value() { return result_->value(); }

private:
    static Async<void> run(Async<T> coroutine, std::optional<T>* result) {
        result->emplace(co_await std::move(coroutine));
    }
    std::unique_ptr<std::optional<T>> result_;
};

inline SendMessageRequest message_of(std::string text) {
    SendMessageRequest request;
    request.message.role = Role::kUser;
    request.message.message_id = Uuid::generate().to_string();
    request.message.parts.push_back(Part::from_text(std::move(text)));
    return request;
}

using ClaimedRun = Run;  // Inside of a test, Run is gtest's.

inline const OwnerScope kAlice{"alice", "", false};
inline const OwnerScope kBob{"bob", "", false};

/// A TaskManager over the memory ports, in virtual time. The test itself plays the worker side: it
/// claims turns and appends what a handler would.
class TaskManagerTest : public ::testing::Test {
protected:
    explicit TaskManagerTest(TaskManagerOptions options = {})
        : ports_(backends::memory_ports({.clock = clock_})),
          emitter_(std::make_shared<StorageEventEmitter>(ports_.storage, ports_.event_bus)),
          manager_(ports_, emitter_, options),
          receiver_(ports_.broker->receiver(node_, kLease, 0)) {
        EXPECT_TRUE(loop_.await(ports_.broker->start()));
    }
    ~TaskManagerTest() override {
        receiver_->close();
        manager_.drain();
        loop_.run_ready();
        EXPECT_EQ(group_.size(), 0U) << "somebody still waits";
    }

    // -- The client's side
    static SendCommand command(SendMessageRequest request, std::string key = {}) {
        SendCommand made;
        made.request = std::move(request);
        made.scope = kAlice;
        made.idempotency_key = std::move(key);
        return made;
    }
    static SendMessageRequest follow_up(const std::string& task, std::string text) {
        SendMessageRequest request = message_of(std::move(text));
        request.message.task_id = task;
        return request;
    }
    Pending<Result<SendMessageResponse>> send(SendCommand made) {
        Pending<Result<SendMessageResponse>> pending(group_, manager_.send(std::move(made)));
        loop_.run_ready();
        return pending;
    }
    Pending<Result<SendMessageResponse>> send(std::string text) {
        return send(command(message_of(std::move(text))));
    }
    Pending<Result<SendMessageResponse>> send_for(ClientPresence& client) {
        SendCommand made = command(message_of("hello"));
        made.client = &client;
        return send(std::move(made));
    }
    Result<SendMessageResponse> send_now(SendCommand made) {
        return loop_.await(manager_.send(std::move(made)));
    }
    /// The id of a new task that nobody waits for.
    std::string accept(std::string text = "hello") {
        SendMessageRequest request = message_of(std::move(text));
        request.configuration.emplace().return_immediately = true;
        return std::get<Task>(send_now(command(std::move(request))).value().payload).id;
    }
    std::unique_ptr<EventStream> stream(SendCommand made) {
        return std::move(loop_.await(manager_.send_streaming(std::move(made))).value());
    }
    Result<std::unique_ptr<EventStream>> subscribe(const std::string& id,
                                                   std::optional<Sequence> after = {},
                                                   OwnerScope scope = kAlice) {
        return loop_.await(manager_.subscribe({{}, id}, std::move(scope), after));
    }
    Result<Task> get(const std::string& id, OwnerScope scope = kAlice) {
        return loop_.await(manager_.get({{}, id, {}}, std::move(scope)));
    }
    EventStream::Batch next(EventStream& stream) { return loop_.await(stream.next()); }
    /// What a client sees of a stream's items: "task:SUBMITTED", "WORKING", "chunk:text",
    /// "message:text".
    static std::vector<std::string> seen(const EventStream::Batch& batch) {
        std::vector<std::string> words;
        for (const StreamItem& item : batch.items) words.push_back(word(item.response));
        return words;
    }

    // -- The worker's side
    /// Receives the next turn and claims it.
    ClaimedRun claim() {
        auto delivery = loop_.await(receiver_->receive());
        const RunOperation operation = delivery->operation();
        EXPECT_TRUE(loop_.await(delivery->ack()));
        const WriteId id = WriteId::next();
        auto claimed =
            loop_.await(ports_.storage->claim(id, operation.task, operation.turn, node_, kLease));
        ClaimedRun run = std::get<ClaimedRun>(std::move(claimed).value());
        EXPECT_TRUE(loop_.await(emitter_->announce(run.appended, run.snapshot.context_id)));
        return run;
    }
    Result<Appended> write(const ClaimedRun& run, TaskUpdate update) {
        update.id = WriteId::next();
        update.guard.epoch = run.epoch;
        auto appended = loop_.await(
            emitter_->append(run.snapshot.id, OwnerScope::everything(), std::move(update)));
        loop_.run_ready();
        return appended;
    }
    static TaskUpdate status(TaskState state, std::string text = {}) {
        TaskUpdate update;
        update.status = TaskStatus{state, std::nullopt, std::nullopt};
        if (!text.empty()) update.status->message = agent_says(std::move(text));
        return update;
    }
    static TaskUpdate chunk(std::string text, bool append = true) {
        Artifact artifact;
        artifact.artifact_id = "answer";
        artifact.parts.push_back(Part::from_text(std::move(text)));
        TaskUpdate update;
        update.artifacts.push_back({std::move(artifact), append, false, {}});
        return update;
    }
    static TaskUpdate direct_reply(std::string text) {
        TaskUpdate update;
        update.reply = agent_says(std::move(text));
        update.status = TaskStatus{TaskState::kCompleted, std::nullopt, std::nullopt};
        return update;
    }
    void end(const ClaimedRun& run, TaskState state, std::string text = {}) {
        EXPECT_TRUE(write(run, status(state, std::move(text))));
        if (is_terminal(state)) return;
        const Timestamp now = clock_->now();
        const auto due =
            loop_.await(ports_.storage->release(run.snapshot.id, run.epoch, Release::kPaused, now));
        ASSERT_TRUE(due);
        if (!*due) return;
        const RunOperation operation{run.snapshot.id, **due};
        EXPECT_TRUE(loop_.await(ports_.broker->enqueue(operation, std::nullopt)));
    }
    static Shared<Message> agent_says(std::string text) {
        Message message;
        message.message_id = Uuid::generate().to_string();
        message.role = Role::kAgent;
        message.parts.push_back(Part::from_text(std::move(text)));
        return message;
    }
    static const Task& task_of(const Result<SendMessageResponse>& response) {
        return std::get<Task>(response.value().payload);
    }

    static constexpr Lease kLease = std::chrono::seconds(15);
    std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
    testing::ManualLoop loop_{clock_};
    NodeId node_ = NodeId::generate();
    Ports ports_;
    std::shared_ptr<EventEmitter> emitter_;
    TaskManager manager_;
    std::unique_ptr<Broker::Receiver> receiver_;
    TaskGroup group_;

private:
    static std::string short_name(TaskState state) {
        return std::string(to_string(state).substr(std::string_view("TASK_STATE_").size()));
    }
    static std::string word(const StreamResponse& response) {
        if (const auto* task = std::get_if<Task>(&response.payload))
            return "task:" + short_name(task->status.state);
        if (const auto* message = std::get_if<Message>(&response.payload))
            return "message:" + message->text();
        if (const auto* change = std::get_if<TaskStatusUpdateEvent>(&response.payload)) {
            return short_name(change->status.state);
        }
        return "chunk:" + std::get<TaskArtifactUpdateEvent>(response.payload).artifact->text();
    }
};

using Words = std::vector<std::string>;

}  // namespace a2akit
