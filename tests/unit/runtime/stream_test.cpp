#include "task_manager_fixture.hpp"

namespace a2akit {
namespace {

using std::chrono::seconds;
using enum TaskState;
using End = EventStream::End;

using StreamTest = TaskManagerTest;

TEST_F(StreamTest, TheTaskComesFirstThenEveryEventOnceInOrder) {
    auto stream = this->stream(command(message_of("hello")));
    auto batch = next(*stream);
    EXPECT_EQ(seen(batch), Words{"task:SUBMITTED"});
    EXPECT_EQ(batch.items[0].id, 1U);
    const ClaimedRun run = claim();
    EXPECT_EQ(seen(next(*stream)), Words{"WORKING"});
    EXPECT_TRUE(write(run, chunk("a", false)));
    EXPECT_EQ(seen(next(*stream)), Words{"chunk:a"});
    EXPECT_TRUE(write(run, chunk("b")));
    end(run, kCompleted);
    batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"chunk:b", "COMPLETED"})) << "what is ready goes in one batch";
    EXPECT_EQ(batch.end, End::kFinished);
    EXPECT_EQ(batch.items[0].id, 4U);
    EXPECT_EQ(batch.items[1].id, 5U);
    EXPECT_TRUE(next(*stream).items.empty());
}

TEST_F(StreamTest, EventsNameTheirTaskAndContext) {
    auto stream = this->stream(command(message_of("hello")));
    const Task task = std::get<Task>(next(*stream).items[0].response.payload);
    const ClaimedRun run = claim();
    EXPECT_TRUE(write(run, chunk("a", false)));
    const auto batch = next(*stream);
    const auto& change = std::get<TaskStatusUpdateEvent>(batch.items.at(0).response.payload);
    EXPECT_EQ(change.task_id, task.id);
    EXPECT_EQ(change.context_id, task.context_id);
    EXPECT_TRUE(change.status.timestamp);
    const auto& piece = std::get<TaskArtifactUpdateEvent>(batch.items.at(1).response.payload);
    EXPECT_EQ(piece.task_id, task.id);
    EXPECT_EQ(piece.context_id, task.context_id);
    end(run, kCompleted);
}

TEST_F(StreamTest, TheTaskShowsAsMuchHistoryAsTheSendAskedFor) {
    SendMessageRequest request = message_of("book");
    request.configuration.emplace().history_length = 0;
    auto first = stream(command(request));
    const Task task = std::get<Task>(next(*first).items[0].response.payload);
    EXPECT_TRUE(task.history.empty());
    end(claim(), kInputRequired, "where to?");

    request = follow_up(task.id, "Rome");
    request.configuration.emplace().history_length = 1;
    auto second = stream(command(request));
    const auto shown = std::get<Task>(next(*second).items[0].response.payload).history;
    ASSERT_EQ(shown.size(), 1U);
    EXPECT_EQ(shown[0]->text(), "Rome");
    end(claim(), kCompleted);
}

TEST_F(StreamTest, AnEventWakesAWaitingStream) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    Pending<EventStream::Batch> waiting(group_, stream->next());
    loop_.run_ready();
    EXPECT_FALSE(waiting.done());
    const ClaimedRun run = claim();
    loop_.run_ready();
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(seen(waiting.value()), Words{"WORKING"});
    end(run, kCompleted);
}

TEST_F(StreamTest, ASendStreamEndsAtItsTurnsInputRequired) {
    auto first = stream(command(message_of("book")));
    const std::string id = std::get<Task>(next(*first).items[0].response.payload).id;
    end(claim(), kInputRequired, "where to?");
    auto batch = next(*first);
    EXPECT_EQ(seen(batch), (Words{"WORKING", "INPUT_REQUIRED"}));
    EXPECT_EQ(batch.end, End::kFinished);

    auto second = stream(command(follow_up(id, "Rome")));
    batch = next(*second);
    EXPECT_EQ(seen(batch), Words{"task:SUBMITTED"});
    EXPECT_EQ(batch.end, End::kMore) << "the pause before is not the end of this turn";
    end(claim(), kInputRequired, "when?");
    batch = next(*second);
    EXPECT_EQ(seen(batch), (Words{"WORKING", "INPUT_REQUIRED"}));
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, ASendStreamStaysOpenAtAuthRequiredAndGoesOnAfterResume) {
    auto stream = this->stream(command(message_of("pay")));
    next(*stream);
    const ClaimedRun run = claim();
    end(run, kAuthRequired);
    auto batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"WORKING", "AUTH_REQUIRED"}));
    EXPECT_EQ(batch.end, End::kMore);
    EXPECT_TRUE(loop_.await(manager_.resume(run.snapshot.id)));
    const ClaimedRun resumed = claim();
    EXPECT_EQ(resumed.input.message->text(), "pay");
    EXPECT_EQ(resumed.snapshot.history.size(), 1U);
    end(resumed, kCompleted);
    batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"SUBMITTED", "WORKING", "COMPLETED"}));
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, ASubscriptionEndsOnlyAtATerminalState) {
    const std::string id = accept();
    auto stream = std::move(subscribe(id)).value();
    EXPECT_EQ(seen(next(*stream)), Words{"task:SUBMITTED"});
    end(claim(), kInputRequired);
    auto batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"WORKING", "INPUT_REQUIRED"}));
    EXPECT_EQ(batch.end, End::kMore);
    auto sent = send(command(follow_up(id, "go on")));
    end(claim(), kFailed);
    batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"SUBMITTED", "WORKING", "FAILED"}));
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, EverySubscriberSeesTheSame) {
    const std::string id = accept();
    auto one = std::move(subscribe(id)).value();
    const ClaimedRun run = claim();
    auto two = std::move(subscribe(id)).value();
    EXPECT_EQ(seen(next(*two)), Words{"task:WORKING"});
    end(run, kCompleted);
    EXPECT_EQ(seen(next(*two)), Words{"COMPLETED"});
    EXPECT_EQ(seen(next(*one)), Words{"task:SUBMITTED"});
    EXPECT_EQ(seen(next(*one)), (Words{"WORKING", "COMPLETED"}));
}

class SmallBatchTest : public TaskManagerTest {
protected:
    SmallBatchTest() : TaskManagerTest({.event_buffer = 3}) {}
};

TEST_F(SmallBatchTest, ASlowReaderIsServedFromTheLogInBatches) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    for (const char* text : {"1", "2", "3", "4", "5"}) EXPECT_TRUE(write(run, chunk(text)));
    end(run, kCompleted);
    EXPECT_EQ(seen(next(*stream)), (Words{"WORKING", "chunk:1", "chunk:2"}));
    EXPECT_EQ(seen(next(*stream)), (Words{"chunk:3", "chunk:4", "chunk:5"}));
    const auto batch = next(*stream);
    EXPECT_EQ(seen(batch), Words{"COMPLETED"});
    EXPECT_EQ(batch.end, End::kFinished);
}

class FewBytesTest : public TaskManagerTest {
protected:
    FewBytesTest() : TaskManagerTest({.event_buffer_bytes = 10'000, .max_page_bytes = 10'000}) {}
};

TEST_F(FewBytesTest, ABatchEndsAtItsBytes) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    const std::string large(4'000, 'x');
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(write(run, chunk(large)));
    end(run, kCompleted);
    EXPECT_EQ(seen(next(*stream)), (Words{"WORKING", "chunk:" + large, "chunk:" + large}));
    EXPECT_EQ(seen(next(*stream)), (Words{"chunk:" + large, "COMPLETED"}));
}

TEST_F(FewBytesTest, APageEndsAtItsBytes) {
    for (int i = 0; i < 3; ++i) {
        auto stream = this->stream(command(message_of(std::string(6'000, 'x'))));
        end(claim(), kCompleted);
    }
    const auto list = [this](const ListTasksRequest& request) {
        return loop_.await(manager_.list(request, kAlice)).value();
    };
    ListTasksRequest request;
    const auto page = list(request);
    EXPECT_EQ(page.tasks.size(), 1U);
    EXPECT_EQ(page.total_size, 3);
    EXPECT_FALSE(page.next_page_token.empty());
    request.history_length = 0;
    EXPECT_EQ(list(request).tasks.size(), 3U);
}

TEST_F(StreamTest, ALostWakeUpIsMadeGoodByTheTailCheck) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    next(*stream);
    Pending<EventStream::Batch> waiting(group_, stream->next());
    TaskUpdate update = status(kCompleted);
    update.id = WriteId::next();
    update.guard.epoch = run.epoch;
    const auto appended = loop_.await(
        ports_.storage->append(run.snapshot.id, OwnerScope::everything(), std::move(update)));
    ASSERT_TRUE(appended);
    EXPECT_FALSE(waiting.done()) << "nobody announced it";
    const Wake wake{run.snapshot.id, appended->last, appended->turn, true};
    ports_.event_bus->wake_local(wake, false);
    loop_.run_ready();
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(seen(waiting.value()), Words{"COMPLETED"});
}

TEST_F(StreamTest, WakeReturnsAnEmptyBatch) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    Pending<EventStream::Batch> waiting(group_, stream->next());
    stream->wake();
    loop_.run_ready();
    ASSERT_TRUE(waiting.done());
    EXPECT_TRUE(waiting.value().items.empty());
    EXPECT_EQ(waiting.value().end, End::kMore);
    end(claim(), kCompleted);
    EXPECT_EQ(seen(next(*stream)), (Words{"WORKING", "COMPLETED"}));
}

TEST_F(StreamTest, AClientThatGoesAwayChangesNothing) {
    auto stream = this->stream(command(message_of("hello")));
    const std::string id = std::get<Task>(next(*stream).items[0].response.payload).id;
    const ClaimedRun run = claim();
    stream.reset();
    end(run, kCompleted);
    EXPECT_EQ(get(id).value().status.state, kCompleted);
}

// -- Last-Event-ID

TEST_F(StreamTest, LastEventIdGoesOnBehindIt) {
    const std::string id = accept();
    const ClaimedRun run = claim();
    EXPECT_TRUE(write(run, chunk("a", false)));
    EXPECT_TRUE(write(run, chunk("b")));
    auto stream = std::move(subscribe(id, 2)).value();
    EXPECT_EQ(seen(next(*stream)), (Words{"chunk:a", "chunk:b"}));
    end(run, kCompleted);
    EXPECT_EQ(seen(next(*stream)), Words{"COMPLETED"});
}

TEST_F(StreamTest, LastEventIdOfAFinishedTaskGetsTheRestAndTheEnd) {
    const std::string id = accept();
    end(claim(), kCompleted);
    auto stream = std::move(subscribe(id, 1)).value();
    auto batch = next(*stream);
    EXPECT_EQ(seen(batch), (Words{"WORKING", "COMPLETED"}));
    EXPECT_EQ(batch.end, End::kFinished);
    auto nothing_left = std::move(subscribe(id, 3)).value();
    batch = next(*nothing_left);
    EXPECT_TRUE(batch.items.empty());
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, LastEventIdAheadOfTheLogIsRefused) {
    const std::string id = accept();
    const auto refused = subscribe(id, 2);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidParams);
    EXPECT_EQ(refused.error().details->violations.at(0).field, "Last-Event-ID");
}

TEST_F(StreamTest, LastEventIdBehindTheHorizonBeginsWithAFreshTask) {
    const std::string id = accept();
    end(claim(), kCompleted);
    loop_.advance(seconds(10));
    EXPECT_EQ(loop_.await(ports_.maintenance->compact(clock_->now(), 10)).value(), 1);
    auto stream = std::move(subscribe(id, 1)).value();
    const auto batch = next(*stream);
    EXPECT_EQ(seen(batch), Words{"task:COMPLETED"});
    EXPECT_EQ(batch.items[0].id, 3U);
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, AFinishedTaskIsNotSubscribedToWithoutIt) {
    const std::string id = accept();
    end(claim(), kCompleted);
    const auto refused = subscribe(id);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupportedOperation);
}

// -- Ends

TEST_F(StreamTest, ALogThatIsCompactedUnderAStreamMakesItBeginAnew) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    end(claim(), kCompleted);
    loop_.advance(seconds(10));
    EXPECT_EQ(loop_.await(ports_.maintenance->compact(clock_->now(), 10)).value(), 1);
    const auto batch = next(*stream);
    EXPECT_EQ(seen(batch), Words{"task:COMPLETED"});
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, TheStreamOfAnErasedTaskEndsWithTaskNotFound) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    next(*stream);
    Pending<EventStream::Batch> waiting(group_, stream->next());
    TaskUpdate update = status(kCompleted);
    update.id = WriteId::next();
    EXPECT_TRUE(loop_.await(
        ports_.storage->append(run.snapshot.id, OwnerScope::everything(), std::move(update))));
    EXPECT_EQ(loop_.await(ports_.maintenance->erase({})).value().size(), 0U) << "nothing asked for";
    EraseQuery all;
    all.keep_at_most = 0;
    EXPECT_EQ(loop_.await(ports_.maintenance->erase(all)).value().size(), 1U);
    ports_.event_bus->wake_local(Wake{run.snapshot.id, 0, 0, false}, true);
    loop_.run_ready();
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.value().end, End::kFailed);
    ASSERT_TRUE(waiting.value().error);
    EXPECT_EQ(waiting.value().error->code, ErrorCode::kTaskNotFound);
}

TEST_F(StreamTest, ADrainEndsStreams) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    next(*stream);
    Pending<EventStream::Batch> waiting(group_, stream->next());
    manager_.drain();
    loop_.run_ready();
    ASSERT_TRUE(waiting.done());
    EXPECT_TRUE(waiting.value().items.empty());
    EXPECT_EQ(waiting.value().end, End::kDraining);
    EXPECT_EQ(subscribe(run.snapshot.id.to_string()).error().code, ErrorCode::kUnavailable);
}

TEST_F(SmallBatchTest, ADrainEndsNoStreamBeforeItHasBroughtWhatThereIs) {
    auto stream = this->stream(command(message_of("hello")));
    next(*stream);
    const ClaimedRun run = claim();
    EXPECT_TRUE(write(run, chunk("a", false)));
    EXPECT_TRUE(write(run, chunk("b")));
    EXPECT_TRUE(write(run, chunk("c")));
    end(run, kCompleted);
    manager_.drain();
    EXPECT_EQ(seen(next(*stream)), (Words{"WORKING", "chunk:a", "chunk:b"}));
    const auto last = next(*stream);
    EXPECT_EQ(seen(last), (Words{"chunk:c", "COMPLETED"}));
    EXPECT_EQ(last.end, End::kFinished);
}

TEST_F(StreamTest, ARepeatGetsTheTaskAndThenTheEvents) {
    const SendMessageRequest request = message_of("hello");
    auto first = stream(command(request, "key"));
    next(*first);
    const ClaimedRun run = claim();
    auto second = stream(command(request, "key"));
    EXPECT_EQ(seen(next(*second)), Words{"task:WORKING"});
    end(run, kInputRequired);
    auto batch = next(*second);
    EXPECT_EQ(seen(batch), Words{"INPUT_REQUIRED"});
    EXPECT_EQ(batch.end, End::kFinished);

    auto third = stream(command(request, "key"));
    batch = next(*third);
    EXPECT_EQ(seen(batch), Words{"task:INPUT_REQUIRED"});
    EXPECT_EQ(batch.end, End::kFinished);
}

TEST_F(StreamTest, AnIdleStreamIsSmall) { EXPECT_LE(sizeof(TaskStream), 320U); }

}  // namespace
}  // namespace a2akit
