#pragma once

#include "http/http_server.hpp"
#include "support/http_client.hpp"

#include <a2akit/request/client_presence.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
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

/// Echoes; "throw" throws; "stranger" may not ask; "wait" waits for `released`, or until its client leaves; streams play
/// the script.
class StubSite final : public Site, public RequestHandler {
public:
    RequestHandler& handler() noexcept override { return *this; }
    wire::HttpResponse agent_card(const wire::RequestHead& head) override {
        wire::HttpResponse response;
        response.content_type = "application/json";
        response.body = "{\"host\":\"" + std::string(head.header("host")) + "\"}";
        return response;
    }
    Async<wire::HttpResponse> readiness() override {
        wire::HttpResponse response;
        response.status = 503;
        return response;
    }
    Async<wire::HttpResponse> admin(wire::Route route, std::string authorization) override {
        wire::HttpResponse response;
        response.content_type = "text/plain";
        response.body = route.id + " by " + authorization;
        co_return response;
    }
    Async<HandledRequest> handle(RequestEnvelope envelope) override {
        ++handled;
        HandledRequest result;
        if (std::holds_alternative<SubscribeToTaskRequest>(envelope.params) ||
            envelope.operation == Operation::kSendStreamingMessage) {
            result.reply = Reply(std::unique_ptr<EventStream>(std::make_unique<ScriptedStream>(script)));
        } else if (auto* send = std::get_if<SendMessageRequest>(&envelope.params)) {
            const std::string text = *send->message.parts.at(0).text();
            if (text == "throw") throw std::runtime_error("secret");
            if (text == "stranger") {
                result.reply = Error{ErrorCode::kUnauthenticated, "who are you?", nullptr};
                co_return result;
            }
            if (text == "wait") {
                ++waiting;
                const ClientPresence::Entry waits(envelope.client, released);
                co_await released.wait();
                if (envelope.client->gone()) ++given_up;
            }
            Message reply;
            reply.message_id = "m";
            reply.role = Role::kAgent;
            reply.parts.push_back(Part::from_text(text + " from " + envelope.context.remote_address));
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
        co_return result;
    }

    ScriptedStream::Script script;
    Signal released;
    std::atomic<int> waiting{0};
    std::atomic<int> given_up{0};  ///< Clients that left while their requests waited.
    std::atomic<int> handled{0};
};

/// A served StubSite on a free port.
class ServedTest : public ::testing::Test {
protected:
    using Client = test_support::HttpClient;

    void serve(Options options = {}, std::size_t threads = 1) {
        loops = std::make_unique<net::LoopGroup>(threads);
        server = std::make_unique<HttpServer>(*loops, std::move(options), site);
        const auto listening = server->listen("127.0.0.1", 0);
        ASSERT_TRUE(listening) << listening.error().message;
        port = *listening;
        server->serve();
    }
    void TearDown() override { stop(); }
    void stop(Duration at_most = std::chrono::seconds(10)) {
        if (server) server->stop(at_most);
        server.reset();
        loops.reset();
    }
    /// Waits for another thread's progress.
    template <class Done>
    static void until(Done done) {
        while (!done()) std::this_thread::yield();
    }

    static std::string send_body(const std::string& text) {
        return R"({"message":{"messageId":"1","role":"ROLE_USER","parts":[{"text":")" + text + R"("}]}})";
    }
    static std::string rpc(const std::string& method, const std::string& params, const std::string& id = "1") {
        return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":)" + params + "}";
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
    std::unique_ptr<HttpServer> server;
    std::uint16_t port = 0;
};

}  // namespace a2akit::http
