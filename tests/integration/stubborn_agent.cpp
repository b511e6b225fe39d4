#include <a2akit/a2akit.hpp>

#include <spdlog/logger.h>
#include <unistd.h>

#include <memory>

namespace {

/// Its handler holds its thread for good.
class StubbornAgent final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        ctx.logger().info("the handler blocks");
        for (;;) ::pause();
        co_return;
    }
};

}  // namespace

int main() {
    return a2akit::Server(
               {.worker = std::make_shared<StubbornAgent>(),
                .card = {.name = "Stubborn", .description = "For tests.", .version = "1"}})
        .run();
}
