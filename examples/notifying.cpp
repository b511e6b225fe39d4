// An agent that tells webhooks what happens to its tasks, for clients that do not wait.
//
//     A2AKIT_PUSH_ALLOW_HTTP=true A2AKIT_PUSH_ALLOW_NETWORKS=127.0.0.0/8 ./example_notifying

#include <a2akit/a2akit.hpp>

#include <memory>

using a2akit::Async;
using a2akit::TaskContext;

class Courier : public a2akit::Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        co_await ctx.send_status("on the way");
        co_await ctx.complete("Delivered: " + std::string(ctx.user_text()));
    }
};

int main() {
    a2akit::ServerOptions options;
    options.worker = std::make_shared<Courier>();
    options.card.name = "Courier";
    options.card.description = "Delivers what it is given, and says so to a webhook.";
    options.card.version = "1.0.0";
    options.card.push_notifications = true;
    return a2akit::Server(std::move(options)).run();
}
