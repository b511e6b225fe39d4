#pragma once

#include "http/http_server.hpp"
#include "support/http_client.hpp"

#include <a2akit/request/client_presence.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::http {

/// Plays a script; waits once it is over.
class ScriptedStream final : public EventStream {
public:
    struct Script {
        std::atomic<int> closed{0};
        std::atomic<int> pulled{0};
        std::vector<Batch> batches;  ///< Copied by each stream.
        bool repeat = false;
        bool fails = false;  ///< By an exception, once it is over.
    };
    explicit ScriptedStream(Script& script) : script_(script) {}
    ~ScriptedStream() override { ++script_.closed; }

    Async<Batch> next() override {
        ++script_.pulled;
        if (at_ == script_.batches.size() && script_.repeat) at_ = 0;
        if (at_ < script_.batches.size()) {
            Batch batch = script_.batches[at_++];
            co_return batch;
        }
        if (script_.fails) throw std::runtime_error("out of order");
        co_await woken_.wait();
        woken_.reset();
        co_return Batch{};
    }
    void wake() noexcept override { woken_.set(); }

private:
    Script& script_;
    std::size_t at_ = 0;
    Signal woken_;
};

/// Holds requests up until it is opened. Safe from any thread.
class Gate {
public:
    void set() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        for (Signal* signal : waiting_) signal->set();
    }
    void reset() {
        const std::lock_guard lock(mutex_);
        open_ = false;
    }
    /// Until the gate is open, or the client leaves.
    Async<void> wait(ClientPresence* client) {
        Signal signal;
        const ClientPresence::Entry waits(client, signal);
        enter(signal);
        co_await signal.wait();
        const std::lock_guard lock(mutex_);
        std::erase(waiting_, &signal);
    }

private:
    void enter(Signal& signal) {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(&signal);
        if (open_) signal.set();
    }
    std::mutex mutex_;
    std::vector<Signal*> waiting_;
    bool open_ = false;
};

/// Echoes; "throw" throws; "stranger" may not ask; "wait" waits for `released`, or until its client
/// leaves, and "slow" does so once it was accepted: behind them "fail" fails, "throw" throws and
/// "large" answers with a megabyte. Streams play the script.
class StubSite final : public Site, public RequestHandler {
public:
    RequestHandler& handler() noexcept override { return *this; }
    [[nodiscard]] const wire::Resources& resources() const noexcept override { return resources_; }
    std::optional<wire::HttpResponse> refuse_operator(
        const wire::ResourceRequest& request) override {
        if (request.head.header("authorization") == "Bearer x") return std::nullopt;
        return wire::HttpResponse{.status = 401};
    }
    AsyncResult<void> before_body(RequestContext& context) override {
        ++asked;
        context.values["found out"] = context.header("x-caller");
        if (context.header("x-caller") != "stranger") return Result<void>{};
        Error::Details details;
        details.challenge = "Bearer";
        return Error{ErrorCode::kUnauthenticated, "who are you?", nullptr}.with(std::move(details));
    }
    Async<void> answer(RequestEnvelope& envelope, HandledRequest& result) override {
        ++handled;
        if (std::holds_alternative<SubscribeToTaskRequest>(envelope.params) ||
            envelope.operation == Operation::kSendStreamingMessage) {
            result.reply =
                Reply(std::unique_ptr<EventStream>(std::make_unique<ScriptedStream>(script)));
        } else if (auto* send = std::get_if<SendMessageRequest>(&envelope.params)) {
            const std::string text = *send->message.parts.at(0).text();
            if (text == "throw") throw std::runtime_error("secret");
            if (text == "stranger") {
                result.reply = Error{ErrorCode::kUnauthenticated, "who are you?", nullptr};
                co_return;
            }
            const bool slow = text.starts_with("slow");
            if (slow) envelope.client->accept(envelope.extensions);
            if (slow || text.starts_with("wait")) {
                ++waiting;
                Gate& gate = text.find("again") == std::string::npos ? released : released_again;
                co_await gate.wait(envelope.client);
                if (envelope.client->gone()) ++given_up;
                if (text.ends_with(" fail")) {
                    committed = envelope.client->committed_to_result();
                    result.reply = Error{ErrorCode::kTaskNotFound, "the task is gone", nullptr};
                    co_return;
                }
                if (text.ends_with(" throw")) throw std::runtime_error("secret");
            }
            Message reply;
            reply.message_id = "m";
            reply.role = Role::kAgent;
            const std::string known(envelope.context.value("found out"));
            reply.parts.push_back(Part::from_text(text + " from " +
                                                  envelope.context.remote_address +
                                                  (known.empty() ? "" : " known as " + known)));
            if (text.ends_with(" large"))
                reply.parts.push_back(Part::from_text(std::string(1U << 20U, 'x')));
            result.reply = Reply(SendMessageResponse{std::move(reply)});
        } else if (auto* get = std::get_if<GetTaskRequest>(&envelope.params)) {
            Task task;
            task.id = get->id;
            task.context_id = envelope.context.request_id;
            task.status.state = TaskState::kCompleted;
            result.reply = Reply(std::move(task));
        } else {
            result.reply = Error{ErrorCode::kUnsupportedOperation, "not here", nullptr};
        }
        result.activated_extensions = std::move(envelope.extensions);
    }

    ScriptedStream::Script script;
    Gate released;
    Gate released_again;  ///< For texts with this word.
    std::atomic<int> waiting{0};
    std::atomic<int> given_up{0};  ///< Clients that left while their requests waited.
    std::atomic<int> handled{0};
    /// What `committed_to_result` said to the last send that failed slowly.
    std::atomic<bool> committed{false};
    std::atomic<int> asked{0};  ///< Before a body.

private:
    using Request = wire::ResourceRequest;
    const wire::Resources resources_{
        {.method = "GET",
         .path = "/health",
         .metered = false,
         .answer =
             [](const Request&) {
                 return wire::HttpResponse{.content_type = "application/json",
                                           .body = R"({"status":"ok"})"};
             }},
        {.method = "GET",
         .path = "/health/ready",
         .metered = false,
         .answer = [](const Request&) { return wire::HttpResponse{.status = 503}; }},
        {.method = "GET",
         .path = "/.well-known/agent-card.json",
         .at_root = true,
         .answer =
             [](const Request& request) {
                 return wire::HttpResponse{
                     .content_type = "application/json",
                     .body = "{\"host\":\"" + std::string(request.head.header("host")) + "\"}"};
             }},
        {.method = "GET",
         .path = "/for-every-page",
         .answer =
             [](const Request&) {
                 return wire::HttpResponse{.headers = {{"Access-Control-Allow-Origin", "*"}}};
             }},
        {.method = "POST",
         .path = "/admin/dead-letters/{id}:redrive",
         .access = wire::Resource::Access::kOperator,
         .answer = [](Request request) -> Async<wire::HttpResponse> {
             co_await yield();
             co_return wire::HttpResponse{
                 .content_type = "text/plain",
                 .body = request.id + " by " + std::string(request.head.header("authorization"))};
         }},
    };
};

/// A served StubSite on a free port.
class ServedTest : public ::testing::Test {
protected:
    using Client = test_support::HttpClient;

    void serve(Options options = {}, std::size_t threads = 1) {
        loops = std::make_unique<net::LoopGroup>(threads);
        accepting = std::make_unique<net::LoopGroup>(1, "accepting");
        server = std::make_unique<HttpServer>(*loops, (*accepting)[0], std::move(options), site);
        const auto listening = server->listen("127.0.0.1", 0);
        ASSERT_TRUE(listening) << listening.error().message;
        port = *listening;
        server->serve();
    }
    void TearDown() override { stop(); }
    void stop(Duration at_most = std::chrono::seconds(10)) {
        if (server) server->stop(at_most);
        server.reset();
        accepting.reset();
        loops.reset();
    }
    /// Waits for another thread's progress.
    template <class Done>
    static void until(Done done) {
        while (!done()) std::this_thread::yield();
    }

    static std::string send_body(const std::string& text) {
        return R"({"message":{"messageId":"1","role":"ROLE_USER","parts":[{"text":")" + text +
               R"("}]}})";
    }
    static std::string rpc(const std::string& method, const std::string& params,
                           const std::string& id = "1") {
        return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" +
               params + "}";
    }
    static StreamItem status_item(Sequence id, TaskState state, std::string context = "c") {
        TaskStatusUpdateEvent event;
        event.task_id = "t";
        event.context_id = std::move(context);
        event.status.state = state;
        return {id, StreamResponse{std::move(event)}};
    }

    StubSite site;
    std::unique_ptr<net::LoopGroup> loops;
    std::unique_ptr<net::LoopGroup> accepting;
    std::unique_ptr<HttpServer> server;
    std::uint16_t port = 0;
};

}  // namespace a2akit::http
