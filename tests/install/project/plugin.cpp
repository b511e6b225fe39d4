// A shared library that holds an agent, and exports one function of its own.

#include <a2akit/a2akit.hpp>

namespace {

class Echo final : public a2akit::Worker {
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
    }
};

}  // namespace

extern "C" int plugin_starts_and_stops() {
    a2akit::ServerOptions options;
    options.worker = std::make_shared<Echo>();
    options.card = {.name = "Echo", .description = "Echoes input back.", .version = "0.1.0"};
    options.settings.port = std::uint16_t{0};
    a2akit::Server server(std::move(options));
    if (!server.start()) return 1;
    server.stop();
    return 0;
}
