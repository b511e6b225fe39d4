// An agent whose code blocks: no coroutine, no event loop to care for. Each task has a thread of a bounded pool.

#include <a2akit/a2akit.hpp>

#include <cstdint>
#include <string>

class PrimeWorker final : public a2akit::BlockingWorker {
public:
    void handle(a2akit::BlockingTaskContext& ctx) override {
        std::uint64_t number = 0;
        try {
            number = std::stoull(std::string(ctx.user_text()));
        } catch (const std::exception&) {
            return ctx.reject("Send a whole number.");
        }
        for (std::uint64_t divisor = 2; divisor * divisor <= number; ++divisor) {
            if (ctx.is_cancelled()) return;
            if (number % divisor == 0) {
                return ctx.complete(std::to_string(number) + " is divisible by " + std::to_string(divisor) + ".");
            }
        }
        ctx.complete(std::to_string(number) + (number < 2 ? " is no prime." : " is a prime."));
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<PrimeWorker>(),
        .card = {.name = "Primes", .description = "Says whether a number is a prime.", .version = "0.1.0"},
    }).run();
}
