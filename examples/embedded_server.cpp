// An agent inside a program that has a main of its own: the server starts, the program goes on with its work, and stops
// the server when it is done.

#include <a2akit/a2akit.hpp>
#include <a2akit/client/client.hpp>

#include <iostream>
#include <string>

class GreetingWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete("Hello, " + std::string(ctx.user_text()) + "!");
    }
};

int main() {
    a2akit::ServerOptions options;
    options.worker = std::make_shared<GreetingWorker>();
    options.card.name = "Greeting";
    options.card.description = "Greets.";
    options.card.version = "0.1.0";
    options.settings.port = 0;  // any free one
    a2akit::Server server(std::move(options));
    if (const auto started = server.start(); !started) {
        std::cerr << "the agent did not start: " << started.error().message << '\n';
        return 1;
    }
    auto client = a2akit::Client::connect(server.url());
    std::cout << client.send("world").text() << '\n';
    server.stop();
    return 0;
}
