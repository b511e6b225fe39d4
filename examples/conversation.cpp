// Remembers something for a whole conversation. What `update_context` stores belongs to the contextId and its owner, so
// the next task of the same conversation finds it; another user's does not.

#include <a2akit/a2akit.hpp>
#include <a2akit/json/nlohmann.hpp>

#include <string>

class NotesWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto stored = co_await ctx.load_context();
        auto notes = stored.empty() ? nlohmann::json::array() : a2akit::to_nlohmann(stored);
        const std::string text(ctx.user_text());
        if (text == "list") {
            std::string list;
            for (const auto& note : notes) list += "- " + note.get<std::string>() + "\n";
            co_await ctx.complete(list.empty() ? "No notes yet." : list);
            co_return;
        }
        notes.push_back(text);
        co_await ctx.update_context(notes);
        co_await ctx.complete("Noted. That makes " + std::to_string(notes.size()) + ".");
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<NotesWorker>(),
        .card = {.name = "Notes", .description = "Keeps notes for each conversation.", .version = "0.1.0"},
    }).run();
}
