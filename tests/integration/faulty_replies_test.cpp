#include "integration/faulty_fixture.hpp"

#include <set>

namespace a2akit::faulty {
namespace {

/// What one client was answered, over as many connections as it took.
struct Answered {
    std::set<std::string> kinds;  ///< "message", "task"
    std::string text;             ///< What the agent said last.
    int items = 0;                ///< Of its last stream.
};

void note_status(Answered& answered, const TaskStatus& status) {
    answered.kinds.insert("task");
    if (status.message) answered.text = (*status.message)->text();
}

void note_message(Answered& answered, const Message& message) {
    answered.kinds.insert("message");
    answered.text = message.text();
}

void note_item(Answered& answered, const StreamResponse& response) {
    ++answered.items;
    if (const auto* message = std::get_if<Message>(&response.payload))
        note_message(answered, *message);
    if (const auto* task = std::get_if<Task>(&response.payload))
        note_status(answered, task->status);
    if (const auto* change = std::get_if<TaskStatusUpdateEvent>(&response.payload)) {
        note_status(answered, change->status);
    }
}

Async<void> ask(TaskManager& manager, SendCommand command, Answered& answered) {
    for (int i = 0; i < 100; ++i) {
        auto sending = manager.send(command);
        auto got = co_await std::move(sending);
        if (got) {
            if (const auto* message = std::get_if<Message>(&got->payload))
                note_message(answered, *message);
            else
                note_status(answered, std::get<Task>(got->payload).status);
            co_return;
        }
        EXPECT_TRUE(worth_repeating(got.error())) << got.error().message;
        co_await sleep_for(Duration(20));
    }
}

// One connection's worth; false when the client has to connect again.
Async<bool> watch(EventStream& stream, Answered& answered) {
    answered.items = 0;
    for (;;) {
        auto reading = stream.next();
        const EventStream::Batch batch = co_await std::move(reading);
        for (const StreamItem& item : batch.items) note_item(answered, item.response);
        if (batch.end != EventStream::End::kMore)
            co_return batch.end == EventStream::End::kFinished;
    }
}

Async<void> ask_streaming(TaskManager& manager, SendCommand command, Answered& answered) {
    for (int i = 0; i < 100; ++i) {
        auto sending = manager.send_streaming(command);
        auto stream = co_await std::move(sending);
        if (stream) {
            auto watching = watch(**stream, answered);
            if (co_await std::move(watching)) co_return;
        } else {
            EXPECT_TRUE(worth_repeating(stream.error())) << stream.error().message;
        }
        co_await sleep_for(Duration(20));
    }
}

class FaultyRepliesTest : public FaultyLifecycleTest {
protected:
    FaultyRepliesTest() : FaultyLifecycleTest(true) {}
};

TEST_P(FaultyRepliesTest, AllWaitersForAReplyGetTheSameMessageOrTheTask) {
    worker_->when("hi", {Step::sleep(Duration(300)), Step::reply_directly("hello")});
    std::vector<std::array<Answered, 3>> answers(kTasks);
    for (int i = 0; i < kTasks; ++i) {
        auto& [here, there, streamed] = answers[static_cast<std::size_t>(i)];
        const std::string key = "hi" + std::to_string(i);
        clients_.spawn(ask(manager(i), command("hi", key), here));
        clients_.spawn(ask_streaming(manager(i + 1), command("hi", key), streamed));
        loop_.advance(Duration(10));
        clients_.spawn(ask(manager(i + 1), command("hi", key), there));
    }
    loop_.advance(kLongEnough);
    int messages = 0;
    for (const auto& [here, there, streamed] : answers) {
        EXPECT_EQ(here.kinds.size(), 1U) << "never both";
        for (const Answered& one : {here, there, streamed}) {
            EXPECT_EQ(one.kinds, here.kinds);
            EXPECT_EQ(one.text, "hello");
        }
        if (here.kinds.contains("message")) {
            ++messages;
            EXPECT_EQ(streamed.items, 1);
        }
    }
    EXPECT_GT(messages, 0) << "direct replies were not tested";
    ListQuery query;
    query.page_size = 1;
    const auto page = loop_.await(inner_.storage->list(kAlice, std::move(query)));
    ASSERT_TRUE(page);
    EXPECT_EQ(page->total, kTasks - messages) << "only what was revealed is listed, and each once";
    EXPECT_EQ(worker_->overlaps(), 0U);
}

INSTANTIATE_TEST_SUITE_P(FaultyPorts, FaultyRepliesTest, ::testing::ValuesIn(seeds()), seed_name);

}  // namespace
}  // namespace a2akit::faulty
