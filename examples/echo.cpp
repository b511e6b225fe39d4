#include <a2akit/a2akit.hpp>

class EchoWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<EchoWorker>(),
        .card = {.name = "Echo", .description = "Echoes input back.", .version = "0.1.0"},
    }).run();
}
