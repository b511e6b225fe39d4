// Answers in the form that the client takes: JSON, or else plain text.

#include <a2akit/a2akit.hpp>

#include <algorithm>
#include <string>

class CountWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto text = ctx.user_text();
        const auto words = text.empty() ? 0 : 1 + std::count(text.begin(), text.end(), ' ');
        if (ctx.accepts("application/json")) {
            co_await ctx.complete_json(a2akit::Json::object({{"words", words}}));
        } else if (ctx.accepts("text/plain")) {
            co_await ctx.complete(std::to_string(words) + " words");
        } else {
            co_await ctx.reject("This agent answers in application/json or text/plain.");
        }
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<CountWorker>(),
        .card = {.name = "Word count",
                 .description = "Counts words, in JSON or in words.",
                 .version = "0.1.0",
                 .output_modes = {"application/json", "text/plain"}},
    }).run();
}
