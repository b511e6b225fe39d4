// A handler as people write it: temporaries of every kind inside a co_await. GCC before 14 destroys
// such temporaries twice, without a warning; this test shows, best under AddressSanitizer, that a
// compiler gets them right.

#include <a2akit/core/loop.hpp>
#include <a2akit/testing/agent_harness.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

// Longer than what std::string keeps in itself: one that is destroyed twice is freed twice.
const std::string kLong = "a text that is long enough to be kept on the heap";

a2akit::Async<std::string> repeated(std::string text, int times = 1) {
    std::string result;
    for (int i = 0; i < times; ++i) result += text;
    co_await a2akit::sleep_for(std::chrono::seconds(1));
    co_return result;
}

a2akit::Async<std::string> joined(std::vector<std::string> words) {
    std::string result;
    for (const std::string& word : words) result += co_await repeated(word + " ");
    co_return result;
}

a2akit::Async<std::optional<std::string>> unless(bool absent, std::optional<std::string> text) {
    co_await a2akit::sleep_for(std::chrono::seconds(1));
    co_return absent ? std::nullopt : std::move(text);
}

class CarelessWorker final : public a2akit::Worker {
public:
    a2akit::Async<void> handle(a2akit::TaskContext& ctx) override {
        const std::string said(ctx.user_text());
        const bool brief = said == "brief";

        co_await ctx.send_status(brief ? "in short" : "at length: " + kLong);
        co_await ctx.save_checkpoint(a2akit::RawJson("{\"said\":\"" + said + kLong + "\"}"));

        co_await ctx.emit_artifact(
            {.artifact_id = "aggregate of " + said + kLong, .text = kLong + said});
        co_await ctx.emit_artifact(
            {.artifact_id = "with extensions and more of that",
             .data = a2akit::RawJson("{\"text\":\"" + kLong + "\"}"),
             .name = brief ? std::string("short") : kLong + said,
             .metadata = a2akit::RawJson("{\"from\":\"" + kLong + "\"}"),
             .extensions = {"https://example.org/first-extension", kLong + said}});
        co_await ctx.emit_artifact(
            a2akit::EmitArtifact::of_text(kLong + said).as("made in one expression").named(kLong));
        co_await ctx.emit_artifact(
            brief ? a2akit::EmitArtifact{.artifact_id = "chosen " + kLong, .text = "short"}
                  : a2akit::EmitArtifact{.artifact_id = "chosen " + kLong,
                                         .bytes = kLong,
                                         .media_type = "text/plain"});
        co_await ctx.emit_text_artifact(co_await repeated(brief ? "x" : kLong, 2),
                                        "nested " + kLong);
        co_await ctx.emit_text_artifact(
            co_await joined({"some", kLong, said, co_await repeated(kLong + said, 2)}),
            "nested deeper " + kLong);
        co_await ctx.emit_data_artifact(
            brief ? a2akit::RawJson("[1]") : a2akit::RawJson("[\"" + kLong + "\"]"),
            "data " + kLong);

        if (said == "auth") {
            co_await ctx.request_auth(
                {.details = "Sign in: " + kLong, .schemes = {"Bearer", kLong}, .url = kLong},
                a2akit::RawJson("{\"asked\":\"" + kLong + "\"}"));
        } else if (said == "auth by name") {
            co_await ctx.request_auth(
                a2akit::AuthRequest::of("Sign in: " + kLong, {"Bearer", kLong}));
        } else if (said == "input") {
            co_await ctx.request_input(brief ? std::string("?") : "What about " + kLong + "?",
                                       a2akit::RawJson("[\"" + kLong + "\"]"));
        } else if (said == "nothing") {
            co_await ctx.complete(co_await unless(said == "nothing", kLong + said));
        } else {
            co_await ctx.complete(
                brief ? (co_await repeated("in short")) : *(co_await unless(brief, kLong + said)),
                brief ? "short answer" : "answer " + kLong);
        }
    }
};

class CarelessHandlerTest : public ::testing::Test {
protected:
    /// What the whole task came to, once virtual time has let the handler's pauses pass.
    a2akit::Task outcome(const std::string& text) { return agent.send(text); }

    static std::string text_of(const a2akit::Task& task, const std::string& id) {
        for (const auto& artifact : task.artifacts) {
            if (artifact->artifact_id != id) continue;
            const auto* content = std::get_if<a2akit::TextContent>(&artifact->parts.at(0).content);
            return content != nullptr ? content->text : "(no text)";
        }
        return "(no such artifact)";
    }

    a2akit::testing::AgentHarness agent{std::make_shared<CarelessWorker>()};
};

TEST_F(CarelessHandlerTest, AConditionalAnswerIsWhole) {
    const a2akit::Task brief = outcome("brief");
    EXPECT_EQ(brief.status.state, a2akit::TaskState::kCompleted);
    EXPECT_EQ(text_of(brief, "short answer"), "in short");
    EXPECT_EQ(text_of(brief, "chosen " + kLong), "short");
    const a2akit::Task full = outcome("something else");
    EXPECT_EQ(full.status.state, a2akit::TaskState::kCompleted);
    EXPECT_EQ(text_of(full, "answer " + kLong), kLong + "something else");
    EXPECT_EQ(full.artifacts.size(), 8U);
}

TEST_F(CarelessHandlerTest, AggregatesArriveWhole) {
    const a2akit::Task task = outcome("words");
    EXPECT_EQ(text_of(task, "aggregate of words" + kLong), kLong + "words");
    EXPECT_EQ(text_of(task, "made in one expression"), kLong + "words");
    for (const auto& artifact : task.artifacts) {
        if (artifact->artifact_id != "with extensions and more of that") continue;
        EXPECT_EQ(artifact->name, kLong + "words");
        EXPECT_EQ(
            artifact->extensions,
            (std::vector<std::string>{"https://example.org/first-extension", kLong + "words"}));
    }
}

TEST_F(CarelessHandlerTest, NestedCoAwaitsArriveWhole) {
    const a2akit::Task task = outcome("words");
    EXPECT_EQ(text_of(task, "nested " + kLong), kLong + kLong);
    EXPECT_EQ(text_of(task, "nested deeper " + kLong),
              "some " + kLong + " words " + kLong + "words" + kLong + "words ");
}

TEST_F(CarelessHandlerTest, AnOptionalMayBeEmpty) {
    const a2akit::Task task = outcome("nothing");
    EXPECT_EQ(task.status.state, a2akit::TaskState::kCompleted);
    EXPECT_EQ(task.artifacts.size(), 7U);
}

TEST_F(CarelessHandlerTest, PausesCarryWhatTheyWereGiven) {
    const a2akit::Task auth = outcome("auth");
    EXPECT_EQ(auth.status.state, a2akit::TaskState::kAuthRequired);
    EXPECT_EQ(std::get<a2akit::TextContent>((*auth.status.message)->parts.at(0).content).text,
              "Sign in: " + kLong);
    EXPECT_EQ(outcome("auth by name").status.state, a2akit::TaskState::kAuthRequired);
    const a2akit::Task input = outcome("input");
    EXPECT_EQ(input.status.state, a2akit::TaskState::kInputRequired);
    EXPECT_EQ(std::get<a2akit::TextContent>((*input.status.message)->parts.at(0).content).text,
              "What about " + kLong + "?");
}

}  // namespace
