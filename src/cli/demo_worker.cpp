#include "cli/demo_worker.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/worker/task_context.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::cli {
namespace {

/// Words with the spaces around them: joined, they are the text again.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t space = text.find_first_of(" \n", text.find_first_not_of(" \n"));
        const std::size_t next =
            space == std::string_view::npos ? space : text.find_first_not_of(" \n", space);
        words.push_back(text.substr(0, next));
        text.remove_prefix(std::min(next, text.size()));
    }
    return words;
}

}  // namespace

Async<void> DemoWorker::handle(TaskContext& ctx) {
    const std::vector<std::string_view> words = words_of(ctx.user_text());
    // A pause that lets the eye follow, and makes no long text last longer than two seconds.
    const Duration pause =
        std::chrono::milliseconds(std::min<std::size_t>(40, 2000 / (words.size() + 1)));
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (ctx.is_cancelled()) co_return;
        const bool append = i != 0;
        const bool last = i + 1 == words.size();
        co_await ctx.emit_text_artifact(std::string(words[i]), "answer", append, last);
        if (pause > Duration::zero()) {
            co_await sleep_for(pause);
        } else {
            co_await yield();
        }
    }
    co_await ctx.complete();
}

}  // namespace a2akit::cli
