// Takes a text file and gives back two: the text in capitals, as bytes, and a link.

#include <a2akit/a2akit.hpp>

#include <algorithm>
#include <cctype>
#include <string>

class CapitalsWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const auto files = ctx.files();
        if (files.empty() || !files.front().bytes) {
            co_await ctx.request_input("Please attach a text file.");
            co_return;
        }
        std::string text = *files.front().bytes;
        std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });

        a2akit::EmitArtifact capitals;
        capitals.artifact_id = "capitals";
        capitals.bytes = text;
        capitals.filename = "capitals-" + files.front().filename;
        capitals.media_type = "text/plain";
        co_await ctx.emit_artifact(capitals);

        a2akit::EmitArtifact link;
        link.artifact_id = "original";
        link.url = "https://files.example.com/" + files.front().filename;
        link.media_type = "text/plain";
        co_await ctx.emit_artifact(link);
        co_await ctx.complete();
    }
};

int main() {
    return a2akit::Server({
        .worker = std::make_shared<CapitalsWorker>(),
        .card = {.name = "Capitals",
                 .description = "Writes a text file in capitals.",
                 .version = "0.1.0",
                 .input_modes = {"text/plain"}},
    }).run();
}
