// The agent that the benchmarks measure. The first word of a message says what to do:
//
//   echo …          one artifact, completed
//   chunks N        N chunks of an artifact, as fast as they come
//   chunks-yield N  the same, yielding between chunks, so that each leaves in a write of its own
//   wait            waits until it is cancelled
//   stamps N        N chunks, 20 ms apart, each with this process's id and the time of day in
//   microseconds

#include <a2akit/a2akit.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace a2akit;

class BenchWorker final : public Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        const std::string_view text = ctx.user_text();
        if (text.starts_with("chunks-yield ")) {
            co_await chunks(ctx, std::atoi(text.data() + 13), true);
        } else if (text.starts_with("chunks ")) {
            co_await chunks(ctx, std::atoi(text.data() + 7), false);
        } else if (text.starts_with("wait")) {
            co_await ctx.cancelled();
        } else if (text.starts_with("stamps ")) {
            co_await stamps(ctx, std::atoi(text.data() + 7));
        } else {
            co_await ctx.complete("Echo: " + std::string(text));
        }
    }

private:
    static Async<void> chunks(TaskContext& ctx, int count, bool yielding) {
        for (int i = 0; i < count; ++i) {
            co_await ctx.emit_text_artifact("a word of the answer ", "final-answer", i > 0,
                                            i + 1 == count);
            if (yielding) co_await yield();
        }
        co_await ctx.complete();
    }
    static Async<void> stamps(TaskContext& ctx, int count) {
        using std::chrono::system_clock;
        for (int i = 0; i < count; ++i) {
            co_await sleep_for(std::chrono::milliseconds(20));
            const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                system_clock::now().time_since_epoch());
            const std::string stamp =
                std::to_string(::getpid()) + " " + std::to_string(now.count());
            co_await ctx.emit_text_artifact(stamp, "stamps", i > 0, i + 1 == count);
        }
        co_await ctx.complete();
    }
};

}  // namespace

int main() {
    ServerOptions options;
    options.worker = std::make_shared<BenchWorker>();
    options.card = {
        .name = "Bench", .description = "Answers as the benchmarks ask.", .version = "1.0"};
    // Only where webhooks are measured: the others measure what most agents are.
    options.card.push_notifications = std::getenv("BENCH_PUSH") != nullptr;
    return Server(std::move(options)).run();
}
