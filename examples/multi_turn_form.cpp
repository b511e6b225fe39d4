// Asks for what is missing. Each answer of the client is a new turn of the same task: `handle` runs again, and finds in
// its checkpoint how far it had got.

#include <a2akit/a2akit.hpp>

#include <string>

class BookingWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string answer(ctx.user_text());
        const std::string step = ctx.checkpoint().text();
        if (step.empty()) {
            co_await ask(ctx, "destination", "Where would you like to go?");
        } else if (step == R"("destination")") {
            co_await ask(ctx, "date", "When do you want to leave for " + answer + "?");
        } else {
            // The history holds what was said before, this message not included: the last word was our question.
            const auto& history = ctx.history();
            const std::string destination = history[history.size() - 2]->text();
            co_await ctx.complete("Booked: " + destination + " on " + answer + ".");
        }
    }

private:
    static a2akit::Async<void> ask(a2akit::TaskContext& ctx, std::string step, std::string question) {
        co_await ctx.save_checkpoint(a2akit::json_string(step));
        co_await ctx.request_input(question);
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<BookingWorker>(),
        .card = {.name = "Booking", .description = "Books a trip, question by question.", .version = "0.1.0"},
    }).run();
}
