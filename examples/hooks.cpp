// Watches the life of every task: an audit line on standard output for each change of state.

#include <a2akit/a2akit.hpp>

#include <iostream>
#include <string>

class AuditHooks final : public a2akit::LifecycleHooks {
public:
    a2akit::Async<void> on_state_change(a2akit::StateChange change) override {
        std::cout << "audit " << change.task.to_string() << ' ' << to_string(change.after) << std::endl;
        co_return;
    }
};

class EchoWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<EchoWorker>(),
        .card = {.name = "Audited echo", .description = "Echoes, with an audit trail.", .version = "0.1.0"},
        .hooks = std::make_shared<AuditHooks>(),
    }).run();
}
