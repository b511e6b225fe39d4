// An agent that has another agent do the work: OTHER_AGENT is that agent's URL.

#include <a2akit/a2akit.hpp>
#include <a2akit/client/delegate.hpp>

#include <cstdlib>

using namespace a2akit;

class Delegating final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        const char* url = std::getenv("OTHER_AGENT");
        auto other = co_await Delegate::connect(ctx, url != nullptr ? url : "");
        if (!other) co_return co_await ctx.fail(other.error().message);
        auto result = co_await other->send(std::string(ctx.user_text()));
        if (!result) co_return co_await ctx.fail(result.error().message);
        co_await ctx.complete("They say: " + result->text());
    }
};

int main() {
    return Server({.worker = std::make_shared<Delegating>(),
                   .card = {.name = "Delegating",
                            .description = "Asks another agent.",
                            .version = "1.0.0"}})
        .run();
}
