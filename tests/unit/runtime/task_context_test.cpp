#include "unit/runtime/task_context_fixture.hpp"

#include <a2akit/json/json.hpp>

#include <stdexcept>

namespace a2akit {
namespace {

// -- Progress and ends

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

TEST_F(TaskContextTest, TheTextOfAnExceptionIsShownOnlyWhenAskedFor) {
    auto& server = serve(throws_in_latin_1, {.show_failures = true});
    EXPECT_EQ(status_text(send(server, "hello")), "caf\uFFFD ferm\uFFFD");
}

// -- Direct replies

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

}  // namespace
}  // namespace a2akit
