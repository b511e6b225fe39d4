#include "cli/practice_worker.hpp"

#include "cli/demo_worker.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/json/json.hpp>
#include <a2akit/worker/task_context.hpp>

#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::cli {
namespace {

/// "wait 5s" -> "5s"
std::string_view rest_of(std::string_view text) {
    const std::size_t space = text.find(' ');
    return space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
}

int number_of(std::string_view text, int standard, int largest) {
    int number = standard;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number < 0 ? 0 : std::min(number, largest);
}

Async<void> wait(TaskContext& ctx) {
    const int seconds = number_of(rest_of(ctx.user_text()), 5, 3600);
    co_await ctx.send_status("waits " + std::to_string(seconds) + " seconds");
    if (co_await ctx.cancelled_within(std::chrono::seconds(seconds))) co_return;
    co_await ctx.complete("waited " + std::to_string(seconds) + " seconds");
}

Async<void> count(TaskContext& ctx) {
    const int last = number_of(rest_of(ctx.user_text()), 3, 10000);
    for (int i = 1; i <= last; ++i) {
        if (ctx.is_cancelled()) co_return;
        co_await ctx.emit_text_artifact(std::to_string(i) + "\n", "count", i != 1, i == last);
        if (last <= 100) co_await sleep_for(std::chrono::milliseconds(20));
    }
    co_await ctx.complete();
}

Async<void> ask(TaskContext& ctx) {
    if (ctx.checkpoint().empty()) {
        co_await ctx.request_input("What is your name?", Json("asked"));
    } else {
        co_await ctx.complete("Hello, " + std::string(ctx.user_text()));
    }
}

Async<void> login(TaskContext& ctx) {
    if (ctx.checkpoint().empty()) {
        co_await ctx.request_auth({.details = "Say that you are logged in, and I go on."},
                                  Json("login"));
    } else {
        co_await ctx.complete("Thank you; I am authorised now.");
    }
}

/// One artifact with each kind of part.
Async<void> show_parts(TaskContext& ctx) {
    std::vector<Part> parts{
        Part::from_text("A text, a value and two files:"),
        Part::from_data(Json::object({{"answer", 42}, {"list", Json::array({"a", "b"})}})),
        Part::from_bytes("a,b\n1,2\n", "text/csv", "table.csv"),
        Part::from_url("https://example.com/picture.png", "image/png", "picture.png")};
    co_await ctx.emit_artifact({.artifact_id = "parts", .parts = std::move(parts)});
    co_await ctx.complete();
}

/// Names each part of the message, with its media type.
Async<void> describe(TaskContext& ctx) {
    std::string description;
    for (const Part& part : ctx.parts()) {
        static constexpr std::array kKinds{"nothing", "text", "bytes", "url", "data"};
        description += std::string(kKinds.at(part.content.index())) + " " +
                       (part.media_type.empty() ? "-" : part.media_type) + " " +
                       (part.filename.empty() ? "-" : part.filename) + "\n";
    }
    co_await ctx.complete(description);
}

}  // namespace

std::string_view PracticeWorker::manual() {
    return "  wait N       works for N seconds        count N   counts to N in pieces\n"
           "  ask          asks a question            login     asks you to log in\n"
           "  fail TEXT    fails                      reject    rejects the task\n"
           "  reply TEXT   replies without a task     parts     a text, a value and files\n"
           "  describe     lists the message's parts  metadata  says the metadata back\n"
           "  anything else is said back, word by word\n";
}

Async<void> PracticeWorker::handle(TaskContext& ctx) {
    const std::string_view text = ctx.user_text();
    const std::string_view word = text.substr(0, text.find_first_of(" \n"));
    if (ctx.checkpoint().text() == "\"asked\"" || word == "ask") co_return co_await ask(ctx);
    if (ctx.checkpoint().text() == "\"login\"" || word == "login") co_return co_await login(ctx);
    if (word == "wait") co_return co_await wait(ctx);
    if (word == "count") co_return co_await count(ctx);
    if (word == "parts") co_return co_await show_parts(ctx);
    if (word == "describe") co_return co_await describe(ctx);
    if (word == "fail") co_return co_await ctx.fail(std::string(rest_of(text)));
    if (word == "reject") co_return co_await ctx.reject("I don't do that.");
    if (word == "reply") co_return co_await ctx.reply_directly(std::string(rest_of(text)));
    if (word == "metadata")
        co_return co_await ctx.complete(ctx.metadata().empty() ? "{}" : ctx.metadata().text());
    DemoWorker words;
    co_await words.handle(ctx);
}

}  // namespace a2akit::cli
