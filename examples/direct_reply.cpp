// Answers small talk with a message, and makes a task only of real work. A client may get either, so the worker says
// beforehand that it may reply directly.

#include <a2akit/a2akit.hpp>

#include <string>

class ReceptionWorker final : public a2akit::Worker {
public:
    [[nodiscard]] bool may_reply_directly() const noexcept override { return true; }

    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string text(ctx.user_text());
        if (text == "hello" || text == "thanks") {
            co_await ctx.reply_directly("You are welcome. What can I look up for you?");
        } else {
            co_await ctx.complete("Looked up: " + text);
        }
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<ReceptionWorker>(),
        .card = {.name = "Reception", .description = "Chats, and looks things up.", .version = "0.1.0"},
    }).run();
}
