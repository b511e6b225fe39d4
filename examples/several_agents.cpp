#include <a2akit/a2akit.hpp>

#include <algorithm>
#include <cctype>

class Shouter final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        std::string text(ctx.user_text());
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        co_await ctx.complete(text);
    }
};

class Counter final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        co_await ctx.complete(std::to_string(ctx.user_text().size()) + " bytes");
    }
};

int main() {
    a2akit::ServerOptions options;
    options.agents = {
        {.name = "shout",
         .worker = std::make_shared<Shouter>(),
         .card = {.name = "Shouter", .description = "Repeats a text loudly.", .version = "1.0"}},
        {.name = "count",
         .worker = std::make_shared<Counter>(),
         .card = {.name = "Counter", .description = "Measures a text.", .version = "1.0"}},
    };
    return a2akit::Server(std::move(options)).run();
}
