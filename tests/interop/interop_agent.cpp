// The agent that other SDKs' clients talk to: the first word of a message says which behaviour they
// want to see. With the argument "push" it takes push configurations, with "extended" it has a
// card for callers that it knows.

#include <a2akit/a2akit.hpp>
#include <a2akit/client/delegate.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using a2akit::Async;
using a2akit::TaskContext;

Async<void> echo(TaskContext& ctx) {
    co_await ctx.complete("Echo: " + std::string(ctx.user_text()));
}

Async<void> count(TaskContext& ctx) {
    co_await ctx.send_status("counting");
    for (int i = 1; i <= 5; ++i) {
        const bool append = i > 1;
        const bool last = i == 5;
        co_await ctx.emit_text_artifact(std::to_string(i) + " ", "numbers", append, last);
        co_await a2akit::yield();
    }
    co_await ctx.complete();
}

Async<void> ask(TaskContext& ctx) { co_await ctx.request_input("What is your name?"); }

Async<void> wait(TaskContext& ctx) {
    co_await ctx.send_status("waiting");
    co_await ctx.cancelled();
}

/// Silent for longer than any client waits for a sign of life.
Async<void> slow(TaskContext& ctx) {
    co_await a2akit::sleep_for(std::chrono::seconds(12));
    co_await ctx.complete("at last");
}

/// For 24 s a word now and then, with pauses that are longer than clients wait for a sign of life.
Async<void> drip(TaskContext& ctx) {
    for (int i = 1; i <= 4; ++i) {
        const bool append = i > 1;
        const bool last = i == 4;
        co_await ctx.emit_text_artifact(std::to_string(i) + " ", "drops", append, last);
        co_await a2akit::sleep_for(std::chrono::seconds(6));
    }
    co_await ctx.complete();
}

Async<void> direct(TaskContext& ctx) { co_await ctx.reply_directly("Just a message."); }

Async<void> fail(TaskContext& ctx) { co_await ctx.fail("as you wished"); }

/// Sends back every file it was given, and data beside them.
Async<void> file(TaskContext& ctx) {
    for (const a2akit::FilePart& given : ctx.files()) {
        a2akit::EmitArtifact artifact;
        artifact.artifact_id = given.filename;
        artifact.bytes = given.bytes.value_or("");
        artifact.media_type = given.media_type;
        artifact.filename = given.filename;
        co_await ctx.emit_artifact(std::move(artifact));
    }
    a2akit::RawJson data(R"({"done":true,"list":[1,"two",null]})");
    co_await ctx.complete_json(std::move(data), "data");
}

/// What the caller passed on: the trace, and the number of agents before this one.
Async<void> headers(TaskContext& ctx) {
    const a2akit::RequestContext& request = ctx.request_context();
    co_await ctx.complete(std::string(request.header("traceparent")) + " " +
                          std::string(request.header("x-a2a-hops")));
}

/// The agent that a message names by "WORD VERSION BINDING URL", and the rest of the message.
struct Other {
    std::string url;
    a2akit::ClientOptions options;
    std::string words;
};

Other other_in(std::string_view message) {
    std::istringstream text{std::string(message)};
    Other other;
    std::string word, version, binding;
    text >> word >> version >> binding >> other.url >> std::ws;
    std::getline(text, other.words);
    other.options.versions = {version};
    other.options.bindings = {binding};
    return other;
}

/// "relay VERSION BINDING URL WORDS": has the agent at the URL answer the words, in a context that
/// has the same ID as this one.
Async<void> relay(TaskContext& ctx) {
    auto [url, options, words] = other_in(ctx.user_text());
    a2akit::Delegate other =
        (co_await a2akit::Delegate::connect(ctx, url, std::move(options))).value_or_throw();
    a2akit::Message asked = a2akit::user_message(words);
    asked.context_id = std::string(ctx.context_id());
    const a2akit::SendResult result = (co_await other.send(std::move(asked))).value_or_throw();
    co_await ctx.complete(result.text());
}

/// "circle VERSION BINDING URL OWN_URL": has the agent at the URL relay the same message to this
/// one, until the request is not passed on any more, and answers the reason.
Async<void> circle(TaskContext& ctx) {
    auto [url, options, own_url] = other_in(ctx.user_text());
    auto other = co_await a2akit::Delegate::connect(ctx, url, std::move(options));
    if (!other) {
        co_await ctx.complete(other.error().message);
        co_return;
    }
    const std::string text(ctx.user_text());
    const a2akit::SendResult result =
        (co_await other->send("relay " + own_url + " " + text)).value_or_throw();
    co_await ctx.complete(result.text());
}

a2akit::AsyncResult<a2akit::CardConfig> card_for(a2akit::Principal caller, std::string /*tenant*/,
                                                 a2akit::CardConfig card) {
    card.name = "Interop for " + caller.name;
    return a2akit::Result<a2akit::CardConfig>(std::move(card));
}

class InteropWorker final : public a2akit::Worker {
public:
    Async<void> handle(TaskContext& ctx) override {
        if (!ctx.history().empty()) {
            co_await ctx.complete("Hello, " + std::string(ctx.user_text()) + "!");
            co_return;
        }
        const std::string_view text = ctx.user_text();
        const auto behaviour = behaviours_.find(std::string(text.substr(0, text.find(' '))));
        if (behaviour == behaviours_.end()) {
            co_await ctx.reject("unknown behaviour");
            co_return;
        }
        co_await behaviour->second(ctx);
    }
    [[nodiscard]] bool may_reply_directly() const noexcept override { return true; }

private:
    const std::map<std::string, std::function<Async<void>(TaskContext&)>> behaviours_{
        {"echo", echo}, {"count", count},   {"ask", ask},       {"wait", wait},
        {"fail", fail}, {"direct", direct}, {"file", file},     {"slow", slow},
        {"drip", drip}, {"relay", relay},   {"circle", circle}, {"headers", headers}};
};

}  // namespace

int main(int argc, char** argv) {
    a2akit::ServerOptions options;
    const std::string_view offers = argc > 1 ? argv[1] : "";
    options.card.push_notifications = offers == "push";
    if (offers == "extended") options.card.extended_card = &card_for;
    options.worker = std::make_shared<InteropWorker>();
    options.card.name = "Interop";
    options.card.description = "Shows every behaviour that a client may meet.";
    options.card.version = "1.0.0";
    options.card.input_modes = {"text/plain", "application/octet-stream", "application/json"};
    options.card.output_modes = {"text/plain", "application/octet-stream", "application/json"};
    options.settings.port = 0;
    options.on_listening = [](std::string url) { std::cout << url << std::endl; };
    return a2akit::Server(std::move(options)).run();
}
