// One node of many, for many_nodes.py: what its handlers do is said by the message, and who did it
// by the answer.

#include <a2akit/a2akit.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

using std::chrono::milliseconds;

class NodeWorker final : public a2akit::Worker {
public:
    [[nodiscard]] bool may_reply_directly() const noexcept override {
        return std::getenv("A2AKIT_REPLIES") != nullptr;
    }

    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string text(ctx.user_text());
        std::istringstream words(text);
        std::string what;
        int number = 0;
        int pause_ms = 50;
        words >> what >> number >> pause_ms;
        if (what == "wait") co_return co_await wait(ctx);
        if (what == "ask") co_return co_await ask(ctx, number);
        if (what == "secret")
            co_return co_await ctx.complete(std::string(ctx.request_context().header("x-secret")));
        if (what == "reply")
            co_return co_await ctx.reply_directly("a reply by " + std::to_string(::getpid()));
        if (what == "count") co_await count(ctx, "", number, pause_ms);
        if (what == "sign") co_await count(ctx, std::to_string(::getpid()) + ':', number, pause_ms);
        co_await ctx.complete(text + " by " + std::to_string(::getpid()));
    }

private:
    static a2akit::Async<void> wait(a2akit::TaskContext& ctx) {
        co_await ctx.send_status("waiting in " + std::to_string(::getpid()));
        while (!ctx.is_cancelled()) co_await a2akit::sleep_for(milliseconds(20));
    }
    /// Stays for a while after its question.
    static a2akit::Async<void> ask(a2akit::TaskContext& ctx, int stay_ms) {
        co_await ctx.request_input("Which one? asks " + std::to_string(::getpid()));
        co_await a2akit::sleep_for(milliseconds(stay_ms));
    }
    static a2akit::Async<void> count(a2akit::TaskContext& ctx, std::string signature, int to,
                                     int pause_ms) {
        for (int i = 1; i <= to; ++i) {
            const bool append = i > 1;
            co_await ctx.emit_text_artifact(signature + std::to_string(i) + " ", "numbers", append);
            co_await a2akit::sleep_for(milliseconds(pause_ms));
        }
    }
};

}  // namespace

int main() {
    return a2akit::Server(
               {
                   .worker = std::make_shared<NodeWorker>(),
                   .card = {.name = "Node", .description = "One of many.", .version = "1"},
               })
        .run();
}
