// Takes a secret out of the request before anything is stored. The handler gets it in its transient context; the task,
// its history and the log never hold it.

#include <a2akit/a2akit.hpp>

#include <string>

/// Checks the caller's key, and moves the token for the agent's own back end out of sight.
class TokenMiddleware final : public a2akit::Middleware {
public:
    a2akit::AsyncResult<void> before_dispatch(a2akit::RequestEnvelope& envelope) override {
        envelope.context.values["backend-token"] = std::string(envelope.context.header("x-backend-token"));
        return a2akit::Result<void>();
    }
};

class SecretWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto token = ctx.request_context().value("backend-token");
        if (token.empty()) {
            co_await ctx.reject("Send the header X-Backend-Token.");
            co_return;
        }
        co_await ctx.complete(ctx.principal().name + " called the back end with a token of " +
                              std::to_string(token.size()) + " characters.");
    }
};

int main() {
    a2akit::Principal alice{.name = "alice", .scopes = {}};
    return a2akit::Server({
        .worker = std::make_shared<SecretWorker>(),
        .card = {.name = "Secrets", .description = "Uses a secret that is never stored.", .version = "0.1.0"},
        .middlewares = {std::make_shared<a2akit::ApiKeyMiddleware>(
                            std::map<std::string, a2akit::Principal>{{"alice-key", alice}}),
                        std::make_shared<TokenMiddleware>()},
    }).run();
}
