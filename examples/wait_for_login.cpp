// Needs the user's permission at another service. The task pauses in AUTH_REQUIRED; when the user has logged in, out of
// band, the application resumes it, and `handle` runs again.

#include <a2akit/a2akit.hpp>

#include <atomic>
#include <iostream>
#include <string>
#include <thread>

std::atomic<bool> logged_in{false};

class CalendarWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        if (!logged_in) {
            co_await ctx.request_auth(a2akit::AuthRequest::of("Please let me read your calendar.", {"oauth2"},
                                                              "https://login.example.com/consent"));
            co_return;
        }
        co_await ctx.complete("You are free on Friday.");
    }
};

int main() {
    a2akit::Server server({
        .worker = std::make_shared<CalendarWorker>(),
        .card = {.name = "Calendar", .description = "Finds a free day.", .version = "0.1.0"},
    });
    // Where a real program has the redirect of the login page, this one reads task ids from its standard input.
    std::thread logins([&server] {
        for (std::string id; std::getline(std::cin, id);) {
            const auto task = a2akit::TaskId::parse(id);
            if (!task) continue;
            logged_in = true;
            if (const auto resumed = server.resume(*task); !resumed) std::cerr << resumed.error().message << '\n';
        }
    });
    logins.detach();
    return server.run();
}
