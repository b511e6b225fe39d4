// A long job that reports how far it is, and that stops as soon as it is asked to.

#include <a2akit/a2akit.hpp>

#include <chrono>
#include <string>

class CountdownWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        constexpr int kSteps = 600;
        for (int step = 1; step <= kSteps; ++step) {
            // Returning without a turn-ending call, once cancelled, ends the task as canceled.
            if (co_await ctx.cancelled_within(std::chrono::milliseconds(100))) co_return;
            co_await ctx.send_status("Step " + std::to_string(step) + " of " + std::to_string(kSteps));
        }
        co_await ctx.complete("All steps done.");
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<CountdownWorker>(),
        .card = {.name = "Countdown", .description = "A long job that can be cancelled.", .version = "0.1.0"},
    }).run();
}
