// Emits so many chunks of so many bytes as its message says ("100 1000000"), and then waits for
// more. For bytes_in_flight.py.

#include <a2akit/a2akit.hpp>

#include <memory>
#include <sstream>
#include <string>

namespace {

class ChunkWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        std::istringstream numbers{std::string(ctx.user_text())};
        int count = 0;
        std::size_t size = 0;
        numbers >> count >> size;
        for (int i = 0; i < count; ++i) {
            co_await ctx.emit_text_artifact(std::string(size, 'x'), "chunks", i > 0);
            co_await a2akit::yield();
        }
        co_await ctx.request_input("How many more?");
    }
};

}  // namespace

int main() {
    return a2akit::Server({
                              .worker = std::make_shared<ChunkWorker>(),
                              .card = {.name = "Chunks",
                                       .description = "Emits large chunks.",
                                       .version = "1.0.0"},
                          })
        .run();
}
