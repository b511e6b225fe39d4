#pragma once

#include "support/http_client.hpp"

#include <a2akit/a2akit.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace a2akit::test_support {

/// Echoes; "wait" works until it is cancelled or its server stops; "ask" asks once; "throw" throws;
/// "words" streams.
class TestAgent final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        ++started;
        const std::string text(ctx.user_text());
        if (text == "throw") throw std::runtime_error("the worker is broken");
        if (text == "wait") {
            ++waiting;
            co_await ctx.cancelled();
            ++cancelled;
            co_return;
        }
        if (text == "ask") {
            co_await ctx.request_input("Which one?");
            co_return;
        }
        if (text == "words") {
            for (const char* word : {"one ", "two ", "three"}) {
                co_await ctx.emit_text_artifact(word, "words", true);
                co_await yield();
            }
        }
        co_await ctx.complete("Echo: " + text);
    }

    std::atomic<int> started{0};
    std::atomic<int> waiting{0};
    std::atomic<int> cancelled{0};
};

/// Options of a server on a free port that is quiet and drains quickly.
inline ServerOptions test_options(std::shared_ptr<Worker> worker) {
    ServerOptions options;
    options.worker = std::move(worker);
    options.card = {.name = "Test", .description = "For tests.", .version = "1"};
    options.settings.port = 0;
    options.settings.drain_timeout = std::chrono::milliseconds(50);
    return options;
}

inline std::string send_body(const std::string& text, const std::string& more = {}) {
    return R"({"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":")" + text +
           R"("}])" + more + "}}";
}

/// What stands behind `"key":"` for the first time.
inline std::string text_of(const std::string& json, const std::string& key) {
    const std::string begin = "\"" + key + "\":\"";
    const auto at = json.find(begin);
    if (at == std::string::npos) return {};
    const auto from = at + begin.size();
    return json.substr(from, json.find('"', from) - from);
}

/// The id of the task that a response or event shows.
inline std::string task_id_of(const std::string& json) {
    const auto at = json.find("\"task\":");
    return at == std::string::npos ? std::string() : text_of(json.substr(at), "id");
}

/// Waits for another thread's progress.
template <class Done>
void until(Done done) {
    while (!done()) std::this_thread::yield();
}

}  // namespace a2akit::test_support
