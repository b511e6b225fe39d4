#include "unit/runtime/worker_fixture.hpp"

#include <a2akit/core/when.hpp>
#include <a2akit/json/json.hpp>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <map>
#include <sstream>
#include <stdexcept>

namespace a2akit {
namespace {

using std::chrono::seconds;

/// Runs one handler on one task and leaves what became of it.
class TaskContextTest : public WorkerFixture {
protected:
    TaskId run(FunctionWorker::Body body, bool revealed = true) {
        return run(std::move(body), turn_of(user_message("hello")), revealed);
    }
    TaskId run(FunctionWorker::Body body, TaskUpdate first, bool revealed = true) {
        const TaskId task = create(std::move(first), revealed);
        enqueue(serve(std::move(body)), task);
        loop.run_ready();
        return task;
    }
    /// The states and artifact ids of the task's events, in order.
    std::string log(TaskId task) {
        std::string text;
        for (const auto& event : events(task)) {
            if (const auto* chunk = std::get_if<ArtifactChunk>(&event.change)) {
                text += chunk->artifact->artifact_id + (chunk->append ? "+" : "") +
                        (chunk->last_chunk ? ". " : " ");
            } else {
                text += std::string(to_string(std::get<StatusChange>(event.change).status.state))
                            .substr(11) +
                        ' ';
            }
        }
        return text;
    }
};

// -- What it knows
// ----------------------------------------------------------------------------------------------------

Async<void> looks_at_everything(TaskContext& ctx) {
    EXPECT_EQ(ctx.user_text(), "hello\nthere");
    EXPECT_EQ(ctx.message_id(), "m-hello");
    EXPECT_EQ(ctx.context_id(), "context");
    EXPECT_EQ(ctx.parts().size(), 5U);
    EXPECT_EQ(ctx.metadata().text(), R"({"k":1})");
    EXPECT_EQ(ctx.principal().name, "ann");
    EXPECT_EQ(ctx.tenant(), "acme");
    EXPECT_EQ(ctx.reference_task_ids(), std::vector<std::string>{"earlier"});
    EXPECT_EQ(ctx.message_extensions(), std::vector<std::string>{"urn:m"});
    EXPECT_EQ(ctx.extensions(), std::vector<std::string>{"urn:x"});
    EXPECT_EQ(ctx.request_context().value("token"), "secret");
    EXPECT_TRUE(ctx.history().empty()) << "the message itself is not history";
    EXPECT_EQ(ctx.attempt(), 1);
    EXPECT_FALSE(ctx.is_cancelled());
    EXPECT_FALSE(ctx.deadline());
    EXPECT_TRUE(ctx.checkpoint().empty());
    EXPECT_TRUE(ctx.accepts("text/plain"));
    EXPECT_TRUE(ctx.accepts("image/png"));
    EXPECT_FALSE(ctx.accepts("application/json"));
    EXPECT_EQ(ctx.accepted_output_modes(), (std::vector<std::string>{"text/plain", "image/*"}));
    const auto files = ctx.files();
    if (files.size() == 2) {
        EXPECT_EQ(files[0].bytes, "PNG");
        EXPECT_EQ(files[0].filename, "a.png");
        EXPECT_EQ(files[1].url, "https://example.com/b");
        EXPECT_EQ(files[1].media_type, "text/csv");
    } else {
        ADD_FAILURE() << files.size() << " files";
    }
    EXPECT_EQ(ctx.data_parts(), std::vector<RawJson>{RawJson("[1,2]")});
    EXPECT_THROW((void)ctx.dependencies().get<int>(), Exception);
    EXPECT_FALSE(ctx.turn_ended());
    co_await ctx.complete();
    EXPECT_TRUE(ctx.turn_ended());
}

TEST_F(TaskContextTest, KnowsItsTaskAndMessage) {
    Message message = user_message("hello");
    message.parts.push_back(Part::from_text("there"));
    message.parts.push_back(Part::from_bytes("PNG", "image/png", "a.png"));
    message.parts.push_back(Part::from_url("https://example.com/b", "text/csv"));
    message.parts.push_back(Part::from_data(RawJson("[1,2]")));
    message.reference_task_ids = {"earlier"};
    message.extensions = {"urn:m"};
    TaskUpdate update = turn_of(std::move(message));
    update.turn->metadata = RawJson(R"({"k":1})");
    update.turn->accepted_output_modes = {"text/plain", "image/*"};
    update.turn->extensions = {"urn:x"};
    RequestContext context;
    context.values["token"] = "secret";
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    const TaskId task = run(looks_at_everything, std::move(update));
    EXPECT_EQ(log(task), "SUBMITTED WORKING COMPLETED ");
}

Async<void> notes_who_asks(Principal& who, TaskContext& ctx) {
    who = ctx.principal();
    co_await ctx.complete();
}

TEST_F(TaskContextTest, KnowsWhoSentTheMessageOrElseWhoseTaskItIs) {
    Principal who;
    const auto body = [&](TaskContext& ctx) { return notes_who_asks(who, ctx); };
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.sender = Principal{"bob", {"orders.write"}};
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    run(body, std::move(update));
    EXPECT_EQ(who.name, "bob");
    EXPECT_EQ(who.scopes, std::vector<std::string>{"orders.write"});
    run(body);
    EXPECT_EQ(who.name, "ann");
    EXPECT_TRUE(who.scopes.empty());
}

// -- Progress and ends
// ------------------------------------------------------------------------------------------------

Async<void> streams(TaskContext& ctx) {
    co_await ctx.send_status("on it");
    co_await ctx.emit_text_artifact("one ", "answer");
    co_await ctx.emit_text_artifact("two", "answer", true, true);
    co_await ctx.emit_data_artifact(RawJson("{}"), "numbers");
    EmitArtifact file;
    file.artifact_id = "file";
    file.bytes = "abc";
    file.media_type = "image/png";
    file.filename = "a.png";
    file.name = "A picture";
    co_await ctx.emit_artifact(std::move(file));
    co_await ctx.complete();
}

TEST_F(TaskContextTest, EveryCallIsOneUpdate) {
    const TaskId task = run(streams);
    EXPECT_EQ(log(task), "SUBMITTED WORKING WORKING answer answer+. numbers. file COMPLETED ");
    const TaskSnapshot snapshot = load(task);
    ASSERT_EQ(snapshot.artifacts.size(), 3U);
    EXPECT_EQ(snapshot.artifacts[0]->text(), "one two");
    EXPECT_EQ(snapshot.artifacts[2]->name, "A picture");
    EXPECT_EQ(snapshot.artifacts[2]->parts[0].filename, "a.png");
    ASSERT_EQ(snapshot.history.size(), 2U)
        << "what was said on the way belongs to the conversation";
    EXPECT_EQ(snapshot.history[1]->text(), "on it");
    EXPECT_EQ(snapshot.history[1]->role, Role::kAgent);
    EXPECT_EQ(snapshot.history[1]->task_id, task.to_string());
    EXPECT_EQ(snapshot.history[1]->context_id, "context");
    EXPECT_FALSE(snapshot.history[1]->message_id.empty());
}

Async<void> emits_several_parts(TaskContext& ctx) {
    Part chart = Part::from_bytes("PNG", "image/png", "chart.png");
    chart.metadata = Json::object({{"dpi", 300}});
    co_await ctx.emit_artifact(
        EmitArtifact::of_parts({Part::from_text("see the chart"), std::move(chart)}).as("report"));
    co_await ctx.emit_artifact(
        {.artifact_id = "one", .text = "x", .part_metadata = Json::object({{"page", 1}})});
    co_await ctx.complete();
}

TEST_F(TaskContextTest, AnArtifactMayHaveSeveralPartsAndPartsMetadata) {
    const TaskId task = run(emits_several_parts);
    EXPECT_EQ(log(task), "SUBMITTED WORKING report one COMPLETED ");
    const auto artifacts = load(task).artifacts;
    ASSERT_EQ(artifacts.size(), 2U);
    ASSERT_EQ(artifacts[0]->parts.size(), 2U);
    EXPECT_EQ(*artifacts[0]->parts[0].text(), "see the chart");
    EXPECT_EQ(artifacts[0]->parts[1].filename, "chart.png");
    EXPECT_EQ(artifacts[0]->parts[1].metadata.text(), R"({"dpi":300})");
    EXPECT_EQ(artifacts[1]->parts.at(0).metadata.text(), R"({"page":1})");
}

AgentMessage rich_message() {
    return {.parts = {Part::from_text("as you say"), Part::from_data(Json::array({1, 2}))},
            .metadata = Json::object({{"k", 1}}),
            .extensions = {"urn:x"}};
}
Async<void> says_with(std::string how, TaskContext& ctx) {
    if (how == "status") co_await ctx.send_status(rich_message());
    if (how == "status") co_await ctx.complete();
    if (how == "respond") co_await ctx.respond(rich_message());
    if (how == "fail") co_await ctx.fail(rich_message());
    if (how == "reject") co_await ctx.reject(rich_message());
    if (how == "input") co_await ctx.request_input(rich_message(), Json(7));
    if (how == "direct") co_await ctx.reply_directly(rich_message());
}

TEST_F(TaskContextTest, MessagesMayCarryDataMetadataAndExtensions) {
    for (const char* how : {"status", "respond", "fail", "reject", "input", "direct"}) {
        const TaskSnapshot snapshot = load(run(
            [how](TaskContext& ctx) { return says_with(how, ctx); }, std::string(how) != "direct"));
        const std::optional<Shared<Message>> said =
            how == std::string("status")   ? snapshot.history.back()
            : how == std::string("direct") ? snapshot.reply
                                           : snapshot.status.message;
        ASSERT_TRUE(said) << how;
        EXPECT_EQ((*said)->text(), "as you say") << how;
        EXPECT_EQ((*said)->parts.at(1).data()->text(), "[1,2]") << how;
        EXPECT_EQ((*said)->metadata.text(), R"({"k":1})") << how;
        EXPECT_EQ((*said)->extensions, std::vector<std::string>{"urn:x"}) << how;
        EXPECT_EQ((*said)->role, Role::kAgent) << how;
        EXPECT_EQ(snapshot.checkpoint.text(), how == std::string("input") ? "7" : "") << how;
    }
}

Async<void> completes_with_text(TaskContext& ctx) { co_await ctx.complete("the answer"); }

TEST_F(TaskContextTest, CompletingWithATextIsOneAppend) {
    const TaskId task = create("hello");
    const Revision before = load(task).revision;
    enqueue(serve(completes_with_text), task);
    loop.run_ready();
    EXPECT_EQ(load(task).revision, before + 2) << "the claim, and one append";
    EXPECT_EQ(log(task), "SUBMITTED WORKING final-answer. COMPLETED ");
}

Async<void> ends_with(std::string how, TaskContext& ctx) {
    if (how == "json") co_await ctx.complete_json(RawJson("{}"));
    if (how == "respond") co_await ctx.respond("as you say");
    if (how == "fail") co_await ctx.fail("as you say");
    if (how == "reject") co_await ctx.reject("as you say");
    if (how == "input") co_await ctx.request_input("as you say");
    if (how == "direct") co_await ctx.reply_directly("as you say");
}

TEST_F(TaskContextTest, EachEndHasItsState) {
    const std::vector<std::pair<std::string, TaskState>> ends = {
        {"json", TaskState::kCompleted},      {"respond", TaskState::kCompleted},
        {"fail", TaskState::kFailed},         {"reject", TaskState::kRejected},
        {"input", TaskState::kInputRequired}, {"direct", TaskState::kCompleted}};
    for (const auto& [how, expected] : ends) {
        const TaskId task = run([how = how](TaskContext& ctx) { return ends_with(how, ctx); });
        EXPECT_EQ(state(task), expected) << how;
        EXPECT_EQ(status_text(task), how == "json" ? "" : "as you say") << how;
    }
}

Async<void> asks_for_auth(TaskContext& ctx) {
    AuthRequest request;
    request.details = "log in \"there\"";
    request.schemes = {"oauth2", "bearer"};
    request.url = "https://example.com/login";
    co_await ctx.request_auth(std::move(request));
}

TEST_F(TaskContextTest, AskingForCredentialsNamesSchemesAndUrl) {
    const TaskId task = run(asks_for_auth);
    EXPECT_EQ(state(task), TaskState::kAuthRequired);
    const auto message = *load(task).status.message;
    ASSERT_EQ(message->parts.size(), 2U);
    EXPECT_EQ(*message->parts[0].text(), "log in \"there\"");
    EXPECT_EQ(message->parts[1].data()->text(),
              R"({"schemes":["oauth2","bearer"],"url":"https://example.com/login"})");
}

Async<void> asks_with_checkpoint(TaskContext& ctx) {
    co_await ctx.request_input("where to?", RawJson("\"where\""));
}

TEST_F(TaskContextTest, AQuestionAndItsCheckpointAreOneWrite) {
    const TaskId task = run(asks_with_checkpoint);
    const TaskSnapshot snapshot = load(task);
    EXPECT_EQ(snapshot.status.state, TaskState::kInputRequired);
    EXPECT_EQ(snapshot.checkpoint.text(), "\"where\"");
    EXPECT_EQ(log(task), "SUBMITTED WORKING INPUT_REQUIRED ");
}

Async<void> appends_to_nothing(TaskContext& ctx) {
    co_await ctx.emit_text_artifact("one ", "answer", true);
    co_await ctx.emit_text_artifact("two", "answer", true);
    co_await ctx.complete();
}

TEST_F(TaskContextTest, TheFirstChunkOfAnArtifactStartsItWhateverTheHandlerSays) {
    const TaskId task = run(appends_to_nothing);
    EXPECT_EQ(log(task), "SUBMITTED WORKING answer answer+ COMPLETED ");
    EXPECT_EQ(load(task).artifacts.at(0)->text(), "one two");
}

Async<void> ends_twice(bool& refused, TaskContext& ctx) {
    co_await ctx.complete("first");
    try {
        co_await ctx.fail("second");
    } catch (const std::logic_error&) {
        refused = true;
    }
}
Async<void> writes_after_the_end(bool& refused, TaskContext& ctx) {
    co_await ctx.request_input("which?");
    try {
        co_await ctx.emit_text_artifact("more");
    } catch (const std::logic_error&) {
        refused = true;
    }
}
Async<void> emits_nothing(bool& refused, TaskContext& ctx) {
    try {
        EmitArtifact nothing;
        co_await ctx.emit_artifact(std::move(nothing));
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    co_await ctx.complete();
}

TEST_F(TaskContextTest, ASecondTurnEndingCallIsAnError) {
    bool refused = false;
    const TaskId task = run([&](TaskContext& ctx) { return ends_twice(refused, ctx); });
    EXPECT_TRUE(refused);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

TEST_F(TaskContextTest, NothingIsWrittenAfterTheEndOfTheTurn) {
    bool refused = false;
    const TaskId task = run([&](TaskContext& ctx) { return writes_after_the_end(refused, ctx); });
    EXPECT_TRUE(refused);
    EXPECT_TRUE(load(task).artifacts.empty());
}

Async<void> emits_text_and_parts(bool& refused, TaskContext& ctx) {
    try {
        co_await ctx.emit_artifact({.text = "x", .parts = {Part::from_text("y")}});
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    co_await ctx.complete();
}

TEST_F(TaskContextTest, AnArtifactNeedsExactlyOneContent) {
    bool refused = false;
    run([&](TaskContext& ctx) { return emits_text_and_parts(refused, ctx); });
    EXPECT_TRUE(refused);
    refused = false;
    run([&](TaskContext& ctx) { return emits_nothing(refused, ctx); });
    EXPECT_TRUE(refused);
}

/// What a handler says, or what `act` threw when it tried to.
Async<void> refusal_of(std::function<Async<void>(TaskContext&)> act, std::string& thrown,
                       TaskContext& ctx) {
    try {
        co_await act(ctx);
    } catch (const std::invalid_argument& e) {
        thrown = e.what();
    }
    if (!ctx.turn_ended()) co_await ctx.complete();
}

RawJson nested(int levels) {
    const auto count = static_cast<std::size_t>(levels);
    return RawJson(std::string(count, '[') + std::string(count, ']'));
}

std::vector<Part> part_with_number() {
    std::vector<Part> parts{Part::from_text("x")};
    parts.front().metadata = RawJson("1");
    return parts;
}

TEST_F(TaskContextTest, OutputThatWouldBreakResponsesIsRefused) {
    EmitArtifact listed;
    listed.text = "x";
    listed.metadata = RawJson("[1]");
    const std::string half = "\xC3";
    EmitArtifact named;
    named.text = "x";
    named.name = half;
    const RawJson open("{\"a\":");
    const RawJson nul(R"({"a":"\u0000"})");
    EmitArtifact with_nul;
    with_nul.text = "x";
    with_nul.metadata = nul;
    const std::vector<std::pair<std::string, std::function<Async<void>(TaskContext&)>>> acts{
        {"the text", [&](TaskContext& ctx) { return ctx.emit_text_artifact(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.send_status(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.complete(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.respond(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.reply_directly(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.request_input(half); }},
        {"the text", [&](TaskContext& ctx) { return ctx.request_auth({half, {}, {}}); }},
        {"the name", [&](TaskContext& ctx) { return ctx.emit_artifact(named); }},
        {"an artifact needs an artifact_id",
         [&](TaskContext& ctx) { return ctx.emit_text_artifact("x", ""); }},
        {"the data", [&](TaskContext& ctx) { return ctx.emit_data_artifact(open); }},
        {"the data", [&](TaskContext& ctx) { return ctx.complete_json(RawJson("1 2")); }},
        {"the data", [&](TaskContext& ctx) { return ctx.complete_json(RawJson()); }},
        {"the checkpoint", [&](TaskContext& ctx) { return ctx.save_checkpoint(open); }},
        {"the context", [&](TaskContext& ctx) { return ctx.update_context(open); }},
        {"the text", [&](TaskContext& ctx) { return ctx.complete(std::string("a\0b", 3)); }},
        {"the data must not contain the character NUL",
         [&](TaskContext& ctx) { return ctx.complete_json(nul); }},
        {"the data must not contain the character NUL",
         [&](TaskContext& ctx) { return ctx.emit_data_artifact(nul); }},
        {"the metadata must not contain the character NUL",
         [&](TaskContext& ctx) { return ctx.emit_artifact(with_nul); }},
        {"the checkpoint must not contain the character NUL",
         [&](TaskContext& ctx) { return ctx.save_checkpoint(nul); }},
        {"the context must not contain the character NUL",
         [&](TaskContext& ctx) { return ctx.update_context(nul); }},
        {"the metadata must be a JSON object",
         [&](TaskContext& ctx) { return ctx.emit_artifact(listed); }},
        {"the metadata of a part must be a JSON object",
         [&](TaskContext& ctx) { return ctx.reply_directly(part_with_number()); }},
        {"emit_artifact: with parts, each part has a media_type",
         [&](TaskContext& ctx) {
             return ctx.emit_artifact(
                 {.media_type = "text/plain", .parts = {Part::from_text("x")}});
         }},
        {"a message needs at least one part",
         [&](TaskContext& ctx) { return ctx.send_status(AgentMessage()); }},
        {"the metadata of a message must be a JSON object",
         [&](TaskContext& ctx) {
             return ctx.respond({.parts = {Part::from_text("x")}, .metadata = Json(1)});
         }},
        {"an extension",
         [&](TaskContext& ctx) {
             return ctx.fail({.parts = {Part::from_text("x")}, .extensions = {half}});
         }},
        {"a direct reply needs",
         [&](TaskContext& ctx) { return ctx.reply_directly(std::vector<Part>{}); }},
        {"the data", [&](TaskContext& ctx) { return ctx.complete_json(nested(65)); }},
        {"67108865 bytes are too many", [&](TaskContext& ctx) {
             return ctx.emit_text_artifact(std::string((64u << 20) + 1, 'x'));
         }}};
    for (const auto& [named_thing, act] : acts) {
        std::string thrown;
        const TaskId task = run([&](TaskContext& ctx) { return refusal_of(act, thrown, ctx); });
        EXPECT_EQ(thrown.find(named_thing), 0U) << named_thing << " / " << thrown;
        EXPECT_EQ(log(task), "SUBMITTED WORKING COMPLETED ") << thrown;
        EXPECT_TRUE(load(task).checkpoint.empty());
    }
}

Async<void> completes_with(RawJson value, TaskContext& ctx) { co_await ctx.complete_json(value); }

Async<void> pauses_with(RawJson checkpoint, TaskContext& ctx) {
    co_await ctx.request_input("and now?", checkpoint);
}

TEST_F(TaskContextTest, IndentedJsonIsStoredWithoutItsWhiteSpace) {
    const RawJson indented("{\n  \"a b\": [1,\n\t2]\n}");
    const TaskSnapshot done =
        load(run([&](TaskContext& ctx) { return completes_with(indented, ctx); }));
    ASSERT_EQ(done.artifacts.size(), 1U);
    EXPECT_EQ(*done.artifacts.front()->parts.front().data(), RawJson(R"({"a b":[1,2]})"));
    const TaskSnapshot paused =
        load(run([&](TaskContext& ctx) { return pauses_with(indented, ctx); }));
    EXPECT_EQ(paused.checkpoint, RawJson(R"({"a b":[1,2]})"));
}

TEST_F(TaskContextTest, DataMayBeNestedAsDeepAsARequestAndOnceMore) {
    const TaskSnapshot done =
        load(run([](TaskContext& ctx) { return completes_with(nested(64), ctx); }));
    EXPECT_EQ(done.status.state, TaskState::kCompleted);
}

Async<void> fails_in_latin_1(TaskContext& ctx) { co_await ctx.fail("caf\xE9 ferm\xE9"); }
Async<void> throws_in_latin_1(TaskContext& /*ctx*/) {
    throw std::runtime_error("caf\xE9 ferm\xE9");
    co_return;
}
Async<void> throws_nothing_to_read(TaskContext& /*ctx*/) {
    throw std::runtime_error("");
    co_return;
}

TEST_F(TaskContextTest, AReasonIsMended) {
    EXPECT_EQ(status_text(run(fails_in_latin_1)), "caf\uFFFD ferm\uFFFD");
    EXPECT_EQ(status_text(run(throws_in_latin_1)), "the agent failed");
    EXPECT_EQ(status_text(run(throws_nothing_to_read)), "the agent failed");
}

Async<void> waits_for_the_stop(TaskContext& ctx, int& woken) {
    co_await ctx.cancelled();
    ++woken;
}
Async<void> looks_for_a_moment(TaskContext& ctx, bool& stopped) {
    stopped = co_await ctx.cancelled_within(std::chrono::seconds(1));
}
Async<void> waits_in_several_coroutines(int& woken, bool& stopped, TaskContext& ctx) {
    TaskGroup group;
    group.spawn(looks_for_a_moment(ctx, stopped));
    for (int i = 0; i < 3; ++i) group.spawn(waits_for_the_stop(ctx, woken));
    co_await group.join();
}

TEST_F(TaskContextTest, SeveralCoroutinesCanWaitForTheCancel) {
    int woken = 0;
    bool stopped = true;
    auto& server =
        serve([&](TaskContext& ctx) { return waits_in_several_coroutines(woken, stopped, ctx); });
    const TaskId task = send(server, "hello");
    EXPECT_EQ(woken, 0) << "nobody has cancelled";
    loop.advance(std::chrono::seconds(2));
    EXPECT_FALSE(stopped) << "the first of them has given up, and the others still wait";
    EXPECT_EQ(woken, 0);
    cancel(task, std::chrono::seconds(60));
    loop.run_ready();
    EXPECT_EQ(woken, 3);
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

// -- Several at a time
// ------------------------------------------------------------------------------------------------

Async<void> emits_in_children(TaskContext& ctx) {
    (void)co_await when_all(ctx.emit_text_artifact("one", "a"), ctx.emit_text_artifact("two", "b"),
                            sleep(Duration(10)), ctx.save_checkpoint(Json(7)));
    EXPECT_EQ(ctx.checkpoint().text(), "7");
    co_await ctx.complete();
}

TEST_F(TaskContextTest, ChildrenCallTheContext) {
    const TaskId task = run(emits_in_children);
    loop.advance(Duration(10));
    EXPECT_EQ(log(task), "SUBMITTED WORKING a b COMPLETED ");
}

Async<void> works_until_cancelled(std::string& seen, TaskContext& ctx) {
    const auto first = co_await when_any(sleep(std::chrono::hours(1)), ctx.cancelled());
    seen = first.index() == 1 ? "cancelled" : "worked";
}

TEST_F(TaskContextTest, ACancelCanBeOneOfAny) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return works_until_cancelled(seen, ctx); });
    const TaskId task = send(server, "hello");
    loop.advance(seconds(1));
    EXPECT_EQ(seen, "");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(seen, "cancelled");
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

Async<void> works_besides_the_wait(std::string& seen, TaskContext& ctx) {
    const auto first =
        co_await when_any(ctx.cancelled(), sleep(seconds(5)), ctx.cancelled_within(seconds(60)));
    seen = std::to_string(first.index());
    // The one that waits behind those that gave up still hears of a cancel.
    if (co_await ctx.cancelled_within(seconds(60))) seen += " and cancelled";
}

TEST_F(TaskContextTest, WaitsForTheCancelEndWhenASiblingWins) {
    std::string seen;
    auto& server = serve([&](TaskContext& ctx) { return works_besides_the_wait(seen, ctx); });
    const TaskId task = send(server, "hello");
    loop.advance(seconds(5));
    EXPECT_EQ(seen, "1");
    cancel(task, seconds(60));
    loop.run_ready();
    EXPECT_EQ(seen, "1 and cancelled");
    EXPECT_EQ(state(task), TaskState::kCanceled);
}

Async<void> sleeps_in_children(int& slept, TaskContext& ctx) {
    (void)co_await when_all(sleep(std::chrono::hours(1)), when_any(sleep(std::chrono::hours(2))));
    ++slept;
    co_await ctx.complete();
}
Async<void> sleeps_alone(int& slept, TaskContext& ctx) {
    co_await sleep(std::chrono::hours(1));
    ++slept;
    co_await ctx.complete();
}

TEST_F(TaskContextTest, ACancelOfTheTaskEndsEverySleep) {
    int slept = 0;
    for (const bool alone : {true, false}) {
        auto& server = serve([&, alone](TaskContext& ctx) {
            return alone ? sleeps_alone(slept, ctx) : sleeps_in_children(slept, ctx);
        });
        const TaskId task = send(server, "hello");
        loop.advance(seconds(1));
        cancel(task, seconds(60));
        loop.run_ready();
        EXPECT_EQ(state(task), TaskState::kCanceled) << alone;
    }
    EXPECT_EQ(slept, 0);
}

Async<void> fails_in_a_child(TaskContext& ctx) {
    co_await ctx.send_status("child");
    throw std::runtime_error("the child is broken");
}
Async<void> has_a_broken_child(TaskContext& ctx) {
    (void)co_await when_all(fails_in_a_child(ctx), ctx.cancelled());
    co_await ctx.complete();
}

TEST_F(TaskContextTest, AnExceptionOfAChildFailsTheTask) {
    auto& server = serve(has_a_broken_child, {.show_failures = true});
    const TaskId task = send(server, "hello");
    EXPECT_EQ(state(task), TaskState::kFailed);
    EXPECT_EQ(status_text(task), "the child is broken");
}

#ifndef NDEBUG
using TaskContextDeathTest = TaskContextTest;

Async<void> forgets(std::string what, TaskContext& ctx) {
    if (what == "emit") {
        auto forgotten = ctx.emit_text_artifact("x");
    }
    if (what == "complete") {
        auto forgotten = ctx.complete("x");
    }
    if (what == "checkpoint") {
        auto forgotten = ctx.save_checkpoint(Json(1));
    }
    if (what == "load") {
        auto forgotten = ctx.load_context();
    }
    if (what == "cancelled") {
        auto forgotten = ctx.cancelled_within(seconds(1));
    }
    co_await ctx.complete();
}

TEST_F(TaskContextDeathTest, ACallThatIsNotAwaitedEndsTheProcessAndIsNamed) {
    const std::map<std::string, std::string> calls{{"emit", "emit_text_artifact"},
                                                   {"complete", "complete"},
                                                   {"checkpoint", "save_checkpoint"},
                                                   {"load", "load_context"},
                                                   {"cancelled", "cancelled_within"}};
    for (const auto& [what, call] : calls) {
        EXPECT_DEATH(run([what = what](TaskContext& ctx) { return forgets(what, ctx); }),
                     "TaskContext::" + call + " was called and not awaited");
    }
}

Async<void> throws_between_call_and_await(TaskContext& ctx) {
    auto pending = ctx.send_status("on it");
    throw std::runtime_error("broken");
    co_await std::move(pending);
}

TEST_F(TaskContextTest, AnExceptionBetweenACallAndItsAwaitIsJustThat) {
    auto& server = serve(throws_between_call_and_await, {.show_failures = true});
    EXPECT_EQ(status_text(send(server, "hello")), "broken");
}
#endif

TEST_F(TaskContextTest, TheTextOfAnExceptionIsShownOnlyWhenAskedFor) {
    auto& server = serve(throws_in_latin_1, {.show_failures = true});
    EXPECT_EQ(status_text(send(server, "hello")), "caf\uFFFD ferm\uFFFD");
}

// -- Direct replies
// ---------------------------------------------------------------------------------------------------

Async<void> replies(TaskContext& ctx) { co_await ctx.reply_directly("hi"); }
Async<void> works_then_replies(TaskContext& ctx) {
    co_await ctx.send_status("on it");
    co_await ctx.reply_directly("hi");
}
Async<void> waits_then_replies(Signal& gate, TaskContext& ctx) {
    co_await gate.wait();
    co_await ctx.reply_directly("hi");
}

TEST_F(TaskContextTest, ADirectReplyAsTheFirstCallIsAMessage) {
    const TaskId task = run(replies, false);
    const TaskSnapshot snapshot = load(task);
    EXPECT_FALSE(snapshot.revealed);
    ASSERT_TRUE(snapshot.reply);
    EXPECT_EQ((*snapshot.reply)->text(), "hi");
    EXPECT_EQ((*snapshot.reply)->task_id, "") << "no task was made, as far as the client can see";
    EXPECT_EQ((*snapshot.reply)->context_id, snapshot.context_id);
    EXPECT_EQ(snapshot.status.state, TaskState::kCompleted);
}

Async<void> replies_unannounced(std::string& thrown, TaskContext& ctx) {
    try {
        co_await ctx.reply_directly("hi");
    } catch (const std::logic_error& e) {
        thrown = e.what();
    }
    co_await ctx.respond("hi");
}

TEST_F(TaskContextTest, ADirectReplyThatTheWorkerDidNotAnnounceIsAnError) {
    std::string thrown;
    const auto worker = std::make_shared<FunctionWorker>(
        [&](TaskContext& ctx) { return replies_unannounced(thrown, ctx); });
    worker->replies_directly = false;
    const TaskId task = send(serve_with(worker), "hello");
    EXPECT_NE(thrown.find("may_reply_directly() returns true"), std::string::npos) << thrown;
    EXPECT_EQ(state(task), TaskState::kCompleted) << "nothing was written by the refused call";
}

TEST_F(TaskContextTest, AnyOtherFirstCallRevealsTheTask) {
    const TaskId task = run(works_then_replies, false);
    const TaskSnapshot snapshot = load(task);
    EXPECT_TRUE(snapshot.revealed);
    EXPECT_FALSE(snapshot.reply);
    EXPECT_EQ(status_text(task), "hi");
}

TEST_F(TaskContextTest, ADirectReplyThatComesTooLateIsAStatusMessage) {
    Signal gate;
    const TaskId task = run([&](TaskContext& ctx) { return waits_then_replies(gate, ctx); }, false);
    TaskUpdate reveal;
    reveal.id = WriteId::next();
    reveal.reveal = true;
    ASSERT_TRUE(
        loop.await(ports.emitter->append(task, OwnerScope::everything(), std::move(reveal))));
    gate.set();
    loop.run_ready();
    const TaskSnapshot snapshot = load(task);
    EXPECT_FALSE(snapshot.reply);
    EXPECT_EQ(status_text(task), "hi");
    EXPECT_EQ((*snapshot.status.message)->task_id, task.to_string());
    EXPECT_EQ(snapshot.status.state, TaskState::kCompleted);
}

// -- Memory between turns and tasks
// -----------------------------------------------------------------------------------

Async<void> counts(TaskContext& ctx) {
    const RawJson before = co_await ctx.load_context();
    const int count = before.empty() ? 1 : std::stoi(before.text()) + 1;
    co_await ctx.update_context(RawJson(std::to_string(count)));
    co_await ctx.save_checkpoint(RawJson("7"));
    EXPECT_EQ(ctx.checkpoint().text(), "7");
    co_await ctx.complete(std::to_string(count));
}

TEST_F(TaskContextTest, TheContextIsRememberedFromTaskToTask) {
    run(counts);
    EXPECT_EQ(to_task(load(run(counts))).text(), "2");
}

TEST_F(TaskContextTest, TheContextIsTheOwnersWhoeverSentTheMessage) {
    run(counts);
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.sender = Principal{"bob", {}};
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    EXPECT_EQ(to_task(load(run(counts, std::move(update)))).text(), "2");
}

// -- Manners
// ----------------------------------------------------------------------------------------------------------

Async<void> emits_many(int& emitted, TaskContext& ctx) {
    for (emitted = 0; emitted < 100; ++emitted)
        co_await ctx.emit_text_artifact("x", "answer", true);
    co_await ctx.complete();
}
Async<void> notes_its_next_chance(int& emitted, int& seen) {
    while (emitted == 0) co_await yield();
    seen = emitted;
}

TEST_F(TaskContextTest, AHandlerThatOnlyEmitsLetsOthersRun) {
    int emitted = 0;
    int seen = -1;
    auto& server = serve([&](TaskContext& ctx) { return emits_many(emitted, ctx); });
    const TaskId task = create("hello");
    const RunOperation operation{task, 1};
    ASSERT_TRUE(server.broker->enqueue(operation, std::nullopt).await_resume());
    TaskGroup group;
    group.spawn(notes_its_next_chance(emitted, seen));
    loop.run_ready();
    EXPECT_LE(seen, 64);
    EXPECT_EQ(emitted, 100);
    EXPECT_EQ(state(task), TaskState::kCompleted);
}

Async<void> logs(TaskContext& ctx) {
    ctx.logger().info("counted {}", 3);
    co_await ctx.complete();
}

TEST_F(TaskContextTest, LogLinesNameTaskAndRequest) {
    std::ostringstream lines;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_st>(lines)));
    TaskUpdate update = turn_of(user_message("hello"));
    RequestContext context;
    context.request_id = "r-1";
    update.turn->context = std::make_shared<const RequestContext>(std::move(context));
    const TaskId task = run(logs, std::move(update));
    spdlog::set_default_logger(before);
    EXPECT_NE(
        lines.str().find("task=" + task.to_string() + " turn=1 request_id=r-1 msg=\"counted 3\""),
        std::string::npos)
        << lines.str();
}

}  // namespace
}  // namespace a2akit
