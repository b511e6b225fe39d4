// A job that survives kill -9: it saves how far it is, and a later run goes on from there.
//
//   A2AKIT_DATA_DIR=./data example_checkpointed_job
//
// Send it a number of steps, kill it in the middle and start it again: the job ends all the same.

#include <a2akit/a2akit.hpp>

#include <charconv>
#include <string>
#include <string_view>

/// 0 when it is none.
int number(std::string_view text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

class StepByStep final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const int steps = number(ctx.user_text());
        // The checkpoint is JSON: here the number of the last step that is done; nothing in the first run.
        const int resumed_after = number(ctx.checkpoint().text());
        for (int step = resumed_after + 1; step <= steps; ++step) {
            if (ctx.is_cancelled()) co_return;
            co_await a2akit::sleep_for(std::chrono::milliseconds(20));  // the work
            a2akit::RawJson done(std::to_string(step));
            co_await ctx.save_checkpoint(std::move(done));
            if (step % 5 == 0) co_await ctx.send_status(std::to_string(step) + " steps are done.");
        }
        std::string report = std::to_string(steps) + " steps; run " + std::to_string(ctx.attempt()) +
                             " went on after step " + std::to_string(resumed_after) + ".";
        co_await ctx.complete(std::move(report));
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<StepByStep>(),
        .card = {.name = "Steps", .description = "Does so many steps, whatever happens.", .version = "0.1.0"},
    }).run();
}
