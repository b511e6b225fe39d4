#include <a2akit/testing/scripted_worker.hpp>

#include "unit/worker/recording_context.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace a2akit::testing {
namespace {

class ScriptedWorkerTest : public ::testing::Test {
protected:
    ManualLoop loop_;
    RecordingContext context_{loop_};
};

TEST_F(ScriptedWorkerTest, PlaysTheStepsInOrder) {
    ScriptedWorker worker({Step::emit("a"), Step::yield(), Step::status("b"),
                           Step::checkpoint(RawJson("1")), Step::complete("c")});
    loop_.await(worker.handle(context_));
    EXPECT_EQ(context_.calls,
              (std::vector<std::string>{"emit_text_artifact", "send_status", "save_checkpoint",
                                        "complete c final-answer"}));
    ASSERT_EQ(worker.seen().size(), 1U);
    EXPECT_EQ(worker.seen()[0].text, "hello");
    EXPECT_TRUE(worker.seen()[0].ended);
    EXPECT_EQ(worker.running(), 0U);
}

TEST_F(ScriptedWorkerTest, ChoosesTheScriptByTextThenByQueueThenTheUsualOne) {
    ScriptedWorker worker({Step::complete("usual")});
    worker.then({Step::complete("queued")}).when("special", {Step::complete("special")});
    RecordingContext special(loop_);
    special.input.parts[0] = Part::from_text("special");
    loop_.await(worker.handle(special));
    loop_.await(worker.handle(context_));
    loop_.await(worker.handle(context_));
    EXPECT_EQ(special.calls, std::vector<std::string>{"complete special final-answer"});
    EXPECT_EQ(context_.calls, (std::vector<std::string>{"complete queued final-answer",
                                                        "complete usual final-answer"}));
}

TEST_F(ScriptedWorkerTest, WaitsAtAGateUntilItIsOpened) {
    ScriptedWorker worker({Step::wait_at("gate"), Step::complete()});
    TaskGroup group;
    group.spawn(worker.handle(context_));
    loop_.advance(std::chrono::hours(1));
    EXPECT_EQ(worker.waiting_at("gate"), 1U);
    EXPECT_TRUE(context_.calls.empty());
    worker.open("gate");
    loop_.run_ready();
    EXPECT_EQ(group.size(), 0U);
    EXPECT_EQ(worker.waiting_at("gate"), 0U);
    loop_.await(worker.handle(context_));  // an open gate stays open
    EXPECT_EQ(context_.calls.size(), 2U);
}

TEST_F(ScriptedWorkerTest, NoticesTwoHandlersOfOneTaskAtOnce) {
    ScriptedWorker worker({Step::wait_at("gate")});
    TaskGroup group;
    group.spawn(worker.handle(context_));
    EXPECT_EQ(worker.overlaps(), 0U);
    group.spawn(worker.handle(context_));
    EXPECT_EQ(worker.overlaps(), 1U);
    EXPECT_EQ(worker.most_at_once(), 2U);
    worker.open("gate");
    loop_.run_ready();
    loop_.await(worker.handle(context_));
    EXPECT_EQ(worker.overlaps(), 1U);
}

TEST_F(ScriptedWorkerTest, NotesWhatItThrewAndWhetherItWasCancelled) {
    ScriptedWorker worker;
    worker.then({Step::until_cancelled(), Step::fail_by_exception("enough")});
    TaskGroup group;
    context_.stop.set();
    EXPECT_THROW(loop_.await(worker.handle(context_)), std::runtime_error);
    ASSERT_EQ(worker.seen().size(), 1U);
    EXPECT_EQ(worker.seen()[0].thrown, "enough");
    EXPECT_TRUE(worker.seen()[0].cancelled);
}

TEST_F(ScriptedWorkerTest, FailsWhenItFindsAnotherCheckpoint) {
    ScriptedWorker worker({Step::expect_checkpoint(RawJson("7"))});
    EXPECT_THROW(loop_.await(worker.handle(context_)), std::logic_error);
    ScriptedWorker empty({Step::expect_checkpoint(RawJson()), Step::respond("fine")});
    loop_.await(empty.handle(context_));
    EXPECT_EQ(context_.calls, std::vector<std::string>{"respond"});
}

}  // namespace
}  // namespace a2akit::testing
