// What a handler needs from outside is registered once, started before the server listens and stopped after it has
// drained.

#include <a2akit/a2akit.hpp>

#include <atomic>
#include <map>
#include <string>

/// Stands for a database pool: it has a start and an end.
class PhraseBook final : public a2akit::Startable {
public:
    a2akit::Async<void> startup() override {
        phrases_ = {{"hello", "bonjour"}, {"goodbye", "au revoir"}, {"thanks", "merci"}};
        co_return;
    }
    a2akit::Async<void> shutdown() override {
        phrases_.clear();
        co_return;
    }
    [[nodiscard]] const std::string* find(const std::string& phrase) const {
        const auto found = phrases_.find(phrase);
        return found == phrases_.end() ? nullptr : &found->second;
    }

private:
    std::map<std::string, std::string> phrases_;
};

class TranslateWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto& phrases = ctx.dependencies().get<PhraseBook>();
        const std::string* translated = phrases.find(std::string(ctx.user_text()));
        if (translated == nullptr) {
            co_await ctx.fail("That phrase is not in the book.");
        } else {
            co_await ctx.complete(*translated);
        }
    }
};

int main() {
    auto dependencies = std::make_shared<a2akit::Dependencies>();
    dependencies->add(std::make_shared<PhraseBook>());
    return a2akit::Server({
        .worker = std::make_shared<TranslateWorker>(),
        .card = {.name = "Phrase book", .description = "Translates a few phrases.", .version = "0.1.0"},
        .dependencies = dependencies,
    }).run();
}
