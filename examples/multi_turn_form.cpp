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
            co_await ctx.request_input("Where would you like to go?", a2akit::json_string("destination"));
        } else if (step == R"("destination")") {
            co_await ctx.request_input("When do you want to leave for " + answer + "?", a2akit::json_string("date"));
        } else {
            // The history holds what was said before, this message not included: the last word was our question.
            const auto& history = ctx.history();
            const std::string destination = history[history.size() - 2]->text();
            co_await ctx.complete("Booked: " + destination + " on " + answer + ".");
        }
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<BookingWorker>(),
        .card = {.name = "Booking", .description = "Books a trip, question by question.", .version = "0.1.0"},
    }).run();
}
