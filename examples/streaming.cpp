// Streams its answer word by word: one artifact, appended to in chunks.

#include <a2akit/a2akit.hpp>

#include <sstream>
#include <string>
#include <vector>

class WordWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.send_status("Looking for the words.");
        std::istringstream text{std::string(ctx.user_text())};
        std::string word;
        for (bool first = true; text >> word; first = false) {
            const bool append = !first;
            co_await ctx.emit_text_artifact(word + " ", "answer", append);
            // Clients that watch the task get this word now, in a separate write.
            co_await a2akit::yield();
        }
        co_await ctx.complete();
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<WordWorker>(),
        .card = {.name = "Words", .description = "Streams a text word by word.", .version = "0.1.0"},
    }).run();
}
