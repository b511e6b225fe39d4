#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum TaskState;

class OperationsTest : public TaskManagerTest {
protected:
    Pending<Result<Task>> cancel(const std::string& id, OwnerScope scope = kAlice) {
        Pending<Result<Task>> pending(group_, manager_.cancel({{}, id, {}}, std::move(scope)));
        loop_.run_ready();
        return pending;
    }
    Result<ListTasksResponse> list(ListTasksRequest request, OwnerScope scope = kAlice) {
        return loop_.await(manager_.list(std::move(request), std::move(scope)));
    }
};

TEST_F(OperationsTest, GetAnswersWithTheTask) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    EXPECT_TRUE(write(run, chunk("a", false)));
    const auto task = get(id).value();
    EXPECT_EQ(task.status.state, kWorking);
    EXPECT_EQ(task.text(), "a");
    EXPECT_EQ(task.history.size(), 1U);
    EXPECT_TRUE(loop_.await(manager_.get({{}, id, 0}, kAlice)).value().history.empty());
    end(run, kCompleted);
}

TEST_F(OperationsTest, UnknownIdsAreNotFoundByAnyOperation) {
    for (const std::string& id :
         {std::string("no uuid"), std::string(500, 'x'), TaskId::generate().to_string()}) {
        EXPECT_EQ(get(id).error().code, ErrorCode::kTaskNotFound);
        EXPECT_EQ(cancel(id).value().error().code, ErrorCode::kTaskNotFound);
        EXPECT_EQ(subscribe(id).error().code, ErrorCode::kTaskNotFound);
    }
}

TEST_F(OperationsTest, SomebodyElsesTaskIsNotFoundByGet) {
    EXPECT_EQ(get(accept(), kBob).error().code, ErrorCode::kTaskNotFound);
}

TEST_F(OperationsTest, SomebodyElsesTaskIsNotFoundBySubscribe) {
    EXPECT_EQ(subscribe(accept(), {}, kBob).error().code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(subscribe(accept(), 1, kBob).error().code, ErrorCode::kTaskNotFound);
}

TEST_F(OperationsTest, SomebodyElsesTaskIsNotFoundByCancelAndGoesOn) {
    const std::string id = accept();
    EXPECT_EQ(cancel(id, kBob).value().error().code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(get(id).value().status.state, kSubmitted);
}

TEST_F(OperationsTest, SomebodyElsesTaskIsNotListed) {
    accept();
    EXPECT_EQ(list({}, kBob).value().tasks.size(), 0U);
    EXPECT_EQ(list({}, kBob).value().total_size, 0);
    EXPECT_EQ(list({}, kAlice).value().tasks.size(), 1U);
    EXPECT_EQ(list({}, {"alice", "another tenant", false}).value().tasks.size(), 0U);
}

// -- Lists

TEST_F(OperationsTest, ListsCarryArtifactsOnlyWhenAsked) {
    accept();
    const ClaimedRun run = claim();
    EXPECT_TRUE(write(run, chunk("a", false)));
    end(run, kCompleted);
    EXPECT_TRUE(list({}).value().tasks.at(0).artifacts.empty());
    ListTasksRequest request;
    request.include_artifacts = true;
    EXPECT_EQ(list(request).value().tasks.at(0).artifacts.size(), 1U);
}

TEST_F(OperationsTest, ListsAreCutIntoPages) {
    for (int i = 0; i < 5; ++i) {
        accept();
        loop_.advance(seconds(1));
    }
    ListTasksRequest request;
    request.page_size = 2;
    std::size_t found = 0;
    int pages = 0;
    do {
        const auto page = list(request).value();
        EXPECT_EQ(page.page_size, 2);
        EXPECT_EQ(page.total_size, 5);
        found += page.tasks.size();
        request.page_token = page.next_page_token;
        ++pages;
    } while (!request.page_token.empty());
    EXPECT_EQ(found, 5U);
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(list({}).value().page_size, 50);
}

TEST_F(OperationsTest, ListsAreFiltered) {
    const std::string done = accept();
    end(claim(), kCompleted);
    loop_.advance(seconds(1));
    const Timestamp between = clock_->now();
    loop_.advance(seconds(1));
    const std::string open = accept();
    ListTasksRequest by_state;
    by_state.status = kCompleted;
    EXPECT_EQ(list(by_state).value().tasks.at(0).id, done);
    ListTasksRequest by_time;
    by_time.status_timestamp_after = between;
    const auto later = list(by_time).value();
    ASSERT_EQ(later.tasks.size(), 1U);
    EXPECT_EQ(later.tasks[0].id, open);
    by_time.status_timestamp_after = later.tasks[0].status.timestamp;
    EXPECT_EQ(list(by_time).value().tasks.size(), 1U) << "the very time counts";
    *by_time.status_timestamp_after += Duration(1);
    EXPECT_TRUE(list(by_time).value().tasks.empty());
    ListTasksRequest by_context;
    by_context.context_id = later.tasks[0].context_id;
    by_context.history_length = 0;
    EXPECT_EQ(list(by_context).value().tasks.size(), 1U);
    EXPECT_TRUE(list(by_context).value().tasks[0].history.empty());
}

TEST_F(OperationsTest, AForeignPageTokenIsAWrongField) {
    ListTasksRequest request;
    request.page_token = "made up";
    EXPECT_EQ(list(request).error().code, ErrorCode::kInvalidParams);
}

// -- Cancel

TEST_F(OperationsTest, ATaskThatNobodyRunsIsCanceledAtOnce) {
    const std::string id = accept();
    auto canceled = cancel(id);
    ASSERT_TRUE(canceled.done());
    EXPECT_EQ(canceled.value().value().status.state, kCanceled);
}

TEST_F(OperationsTest, APausedTaskIsCanceledAtOnce) {
    const std::string id = accept();
    end(claim(), kInputRequired);
    EXPECT_EQ(cancel(id).value().value().status.state, kCanceled);
}

TEST_F(OperationsTest, ARunningTaskIsSignalledAndAwaited) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto scope = loop_.await(ports_.cancel_registry->watch(run.snapshot.id)).value();
    auto canceled = cancel(id);
    EXPECT_FALSE(canceled.done());
    EXPECT_TRUE(scope->is_cancelled());
    const auto pending =
        loop_.await(ports_.storage->load(run.snapshot.id, OwnerScope::everything())).value();
    ASSERT_TRUE(pending.cancel_by);
    EXPECT_EQ(*pending.cancel_by, clock_->now() + seconds(60));
    end(run, kCanceled);
    ASSERT_TRUE(canceled.done());
    EXPECT_EQ(canceled.value().value().status.state, kCanceled);
}

TEST_F(OperationsTest, ACancelThatIsNotHeededAnswersAfterTwoSeconds) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto canceled = cancel(id);
    loop_.advance(milliseconds(1900));
    EXPECT_FALSE(canceled.done());
    loop_.advance(milliseconds(200));
    ASSERT_TRUE(canceled.done());
    EXPECT_EQ(canceled.value().value().status.state, kWorking);
    end(run, kCompleted);
}

TEST_F(OperationsTest, ATaskThatPausesInsteadOfEndingIsCanceledAtOnce) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto canceled = cancel(id);
    EXPECT_TRUE(write(run, status(kInputRequired)));
    ASSERT_TRUE(canceled.done()) << "its handler may take its time to return";
    EXPECT_EQ(canceled.value().value().status.state, kCanceled);
}

TEST_F(OperationsTest, ASecondCancelDoesNotMoveTheDeadline) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto first = cancel(id);
    const Timestamp deadline = clock_->now() + seconds(60);
    loop_.advance(seconds(5));
    auto second = cancel(id);
    const auto task =
        loop_.await(ports_.storage->load(run.snapshot.id, OwnerScope::everything())).value();
    EXPECT_EQ(task.cancel_by, deadline);
    end(run, kCanceled);
    EXPECT_EQ(second.value().value().status.state, kCanceled);
}

TEST_F(OperationsTest, ATaskThatEndsOtherwiseMeanwhileIsTheAnswer) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto canceled = cancel(id);
    end(run, kCompleted);
    ASSERT_TRUE(canceled.done());
    EXPECT_EQ(canceled.value().value().status.state, kCompleted);
}

TEST_F(OperationsTest, AnEndedTaskIsNotCancelable) {
    const std::string id = accept();
    end(claim(), kCompleted);
    auto refused = cancel(id);
    const Error& error = refused.value().error();
    EXPECT_EQ(error.code, ErrorCode::kTaskNotCancelable);
    EXPECT_NE(error.message.find("TASK_STATE_COMPLETED"), std::string::npos);
}

TEST_F(OperationsTest, ADrainEndsTheWaitOfACancel) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    auto canceled = cancel(id);
    manager_.drain();
    loop_.run_ready();
    ASSERT_TRUE(canceled.done());
    EXPECT_EQ(canceled.value().value().status.state, kWorking);
}

// -- For the application

TEST_F(OperationsTest, OnlyATaskThatWaitsForAuthIsResumed) {
    const std::string id = accept();
    const auto refused = loop_.await(manager_.resume(*TaskId::parse(id)));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupportedOperation);
    EXPECT_NE(refused.error().message.find("TASK_STATE_SUBMITTED"), std::string::npos);
}

TEST_F(OperationsTest, ADeadLetterBecomesOneNewTask) {
    SendMessageRequest request = message_of("hard work");
    request.message.context_id = "c";
    auto sent = send(command(request));
    const ClaimedRun run = claim();
    TaskUpdate update = status(kFailed, "gave up");
    update.dead_letter = "too many attempts";
    EXPECT_TRUE(write(run, std::move(update)));
    const DeadLetter letter = loop_.await(ports_.maintenance->dead_letters({}, 10)).value().at(0);

    const TaskId made = loop_.await(manager_.redrive(letter)).value();
    EXPECT_EQ(loop_.await(manager_.redrive(letter)).value(), made)
        << "a second redrive returns that task";
    const ClaimedRun again = claim();
    EXPECT_EQ(again.snapshot.id, made);
    EXPECT_EQ(again.snapshot.owner, kAlice);
    EXPECT_EQ(again.snapshot.context_id, "c");
    EXPECT_EQ(again.input.message->text(), "hard work");
    EXPECT_NE(again.input.message->message_id, request.message.message_id);
    EXPECT_EQ(again.input.message->reference_task_ids, Words{run.snapshot.id.to_string()});
    EXPECT_EQ(get(run.snapshot.id.to_string()).value().status.state, kFailed) << "never reopened";
    end(again, kCompleted);
}

TEST_F(OperationsTest, ADeadLetterWhoseMessageCannotBeReadIsNotRedriven) {
    DeadLetter letter;
    letter.task = TaskId::generate();
    const auto made = loop_.await(manager_.redrive(letter));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::kUnsupportedOperation);
}

class UnrevealedTest : public TaskManagerTest {
protected:
    UnrevealedTest() : TaskManagerTest({.may_reply_directly = true}) {}
};

TEST_F(UnrevealedTest, AnUnrevealedTaskIsFoundByNobody) {
    auto sent = send("hello");
    const ClaimedRun run = claim();
    const std::string id = run.snapshot.id.to_string();
    EXPECT_EQ(get(id).error().code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(subscribe(id).error().code, ErrorCode::kTaskNotFound);
    EXPECT_EQ(loop_.await(manager_.cancel({{}, id, {}}, kAlice)).error().code,
              ErrorCode::kTaskNotFound);
    EXPECT_TRUE(loop_.await(manager_.list({}, kAlice)).value().tasks.empty());
    EXPECT_TRUE(write(run, direct_reply("hi")));
}

}  // namespace
}  // namespace a2akit
