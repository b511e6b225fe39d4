// One node of many, for many_nodes.py: what its handlers do is said by the message, and who did it by the answer.

#include <a2akit/a2akit.hpp>

#include <unistd.h>

#include <chrono>
#include <string>

namespace {

using std::chrono::milliseconds;

class NodeWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string text(ctx.user_text());
        if (text == "wait") co_return co_await wait(ctx);
        if (text == "ask") co_return co_await ctx.request_input("Which one?");
        if (text.starts_with("count ")) co_await count(ctx, std::stoi(text.substr(6)));
        co_await ctx.complete(text + " by " + std::to_string(::getpid()));
    }

private:
    static a2akit::Async<void> wait(a2akit::TaskContext& ctx) {
        co_await ctx.send_status("waiting in " + std::to_string(::getpid()));
        while (!ctx.is_cancelled()) co_await a2akit::sleep_for(milliseconds(20));
    }
    static a2akit::Async<void> count(a2akit::TaskContext& ctx, int to) {
        for (int i = 1; i <= to; ++i) {
            const bool append = i > 1;
            co_await ctx.emit_text_artifact(std::to_string(i) + " ", "numbers", append);
            co_await a2akit::sleep_for(milliseconds(50));
        }
    }
};

}  // namespace

int main() {
    return a2akit::Server({
        .worker = std::make_shared<NodeWorker>(),
        .card = {.name = "Node", .description = "One of many.", .version = "1"},
    }).run();
}
