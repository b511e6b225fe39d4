#include "push/push_sender.hpp"
#include "backends/memory/memory_ports.hpp"

#include <gtest/gtest.h>
#include <a2akit/testing/contract_case.hpp>
#include <a2akit/testing/manual_loop.hpp>

#include <deque>
#include <string>
#include <vector>

namespace a2akit::push {
namespace {

using testing::ok;

/// A webhook without a network: records what it gets, and answers with the next of `answers`, or
/// with 200.
class ScriptedWebhooks {
public:
    Async<WebhookAnswer> post(WebhookRequest request) {
        ++under_way;
        most_under_way = std::max(most_under_way, under_way);
        requests.push_back(request);
        const bool silent = request.url.find("silent") != std::string::npos;
        if (silent) co_await released.wait();
        if (slow > Duration(0)) co_await sleep_for(slow);
        --under_way;
        WebhookAnswer answer;
        answer.status = 200;
        if (!answers.empty()) {
            answer = answers.front();
            answers.pop_front();
        }
        co_return answer;
    }
    static WebhookAnswer status(int status) {
        WebhookAnswer answer;
        answer.status = status;
        return answer;
    }
    [[nodiscard]] std::vector<std::string> ids() const {
        std::vector<std::string> all;
        for (const WebhookRequest& request : requests) {
            for (const auto& [name, value] : request.headers) {
                if (name == "webhook-id") all.push_back(value.substr(value.rfind('_') + 1));
            }
        }
        return all;
    }

    std::vector<WebhookRequest> requests;
    std::deque<WebhookAnswer> answers;
    Signal released;
    Duration slow{0};
    int under_way = 0;
    int most_under_way = 0;
};

class PushSenderTest : public ::testing::Test {
protected:
    PushSenderTest() { start(); }
    ~PushSenderTest() override { stop(); }

    void start(PushSenderOptions options = {}) {
        sender = std::make_unique<PushSender>(
            PushSenderPorts{.storage = ports.storage,
                            .store = ports.push_store,
                            .bus = ports.event_bus,
                            .post = [this](WebhookRequest r) { return hooks.post(std::move(r)); }},
            std::move(options));
        sender->start();
        loop.run_ready();
    }
    void stop() {
        if (sender) loop.await(sender->stop());
        sender.reset();
    }
    void restart(PushSenderOptions options) {
        stop();
        start(std::move(options));
    }

    template <class T>
    T must(AsyncResult<T> call) {
        Result<T> result = loop.await(std::move(call));
        EXPECT_TRUE(ok(result));
        if constexpr (!std::is_void_v<T>) return std::move(result).value_or_throw();
    }
    static TaskUpdate status(TaskState state) {
        TaskUpdate update;
        update.id = WriteId::next();
        update.status = TaskStatus{state, {}, {}};
        return update;
    }
    TaskId make_task() {
        TaskUpdate update = status(TaskState::kSubmitted);
        update.turn.emplace();
        return must(
                   ports.storage->create({TaskId::generate(), "talk", true}, {}, std::move(update)))
            .appended.task;
    }
    void append(TaskId task, TaskState state) {
        const Appended appended =
            must(ports.storage->append(task, OwnerScope::everything(), status(state)));
        must(ports.event_bus->publish({task, appended.last, appended.turn, appended.turn_ended}));
        loop.run_ready();
    }
    PushConfig configure(TaskId task, const std::string& url = "https://hooks.example/",
                         ProtocolVersion version = ProtocolVersion::k1_0, bool task_first = false) {
        NewPushConfig made;
        made.task = task;
        made.config.id = "c" + std::to_string(++configured);
        made.config.url = url;
        made.version = version;
        made.after = 0;
        made.task_first = task_first;
        PushConfig stored = must(ports.push_store->put_config({}, std::move(made)));
        sender->wake(task);
        loop.run_ready();
        return stored;
    }
    std::vector<PushDeadLetter> dead() {
        return must(ports.push_store->dead_deliveries(std::nullopt, 100));
    }

    std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
    testing::ManualLoop loop{clock};
    Ports ports = backends::memory_ports({.clock = clock});
    ScriptedWebhooks hooks;
    std::unique_ptr<PushSender> sender;
    int configured = 0;
};

using Ids = std::vector<std::string>;

TEST_F(PushSenderTest, EventsAreToldAtOnceAndInOrder) {
    const TaskId task = make_task();
    configure(task);
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    append(task, TaskState::kWorking);
    EXPECT_EQ(hooks.ids(), Ids({"1", "2"}));
    append(task, TaskState::kCompleted);
    EXPECT_EQ(hooks.ids(), Ids({"1", "2", "3"}));
    loop.advance(std::chrono::minutes(1));
    EXPECT_EQ(hooks.ids().size(), 3U) << "nothing is told twice";
}

TEST_F(PushSenderTest, EventsThatNoWakeUpToldOfAreFound) {
    const TaskId task = make_task();
    configure(task);
    must(ports.storage->append(task, OwnerScope::everything(), status(TaskState::kWorking)));
    loop.advance(std::chrono::seconds(2));
    EXPECT_EQ(hooks.ids(), Ids({"1", "2"}));
}

TEST_F(PushSenderTest, AConfigurationThatAnotherNodeStoredIsFound) {
    const TaskId task = make_task();
    NewPushConfig made;
    made.task = task;
    made.config.id = "c";
    made.config.url = "https://hooks.example/";
    made.after = 0;
    must(ports.push_store->put_config({}, std::move(made)));
    loop.advance(std::chrono::seconds(2));
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    append(task, TaskState::kWorking);
    EXPECT_EQ(hooks.ids(), Ids({"1", "2"})) << "and followed from then on";
}

TEST_F(PushSenderTest, AnEventThatComesDuringAPostFollowsIt) {
    hooks.slow = std::chrono::seconds(1);
    const TaskId task = make_task();
    configure(task);
    append(task, TaskState::kWorking);
    append(task, TaskState::kCompleted);
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    loop.advance(std::chrono::seconds(1));
    EXPECT_EQ(hooks.ids(), Ids({"1", "2"}));
    loop.advance(std::chrono::seconds(2));
    EXPECT_EQ(hooks.ids(), Ids({"1", "2", "3"}));
    EXPECT_EQ(hooks.most_under_way, 1);
}

TEST_F(PushSenderTest, AFailedDeliveryIsRepeatedUnderItsIdBeforeTheNextEvent) {
    hooks.answers = {ScriptedWebhooks::status(500)};
    const TaskId task = make_task();
    configure(task);
    append(task, TaskState::kWorking);
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    loop.advance(std::chrono::seconds(7));
    EXPECT_EQ(hooks.ids(), Ids({"1", "1", "2"}));
}

TEST_F(PushSenderTest, AfterTheLastTryTheDeliveryIsADeadLetter) {
    restart({.schedule = {2, Duration(10)}});
    for (int i = 0; i < 3; ++i) hooks.answers.push_back(ScriptedWebhooks::status(503));
    const TaskId task = make_task();
    configure(task);
    loop.advance(std::chrono::seconds(10));
    EXPECT_EQ(hooks.ids(), Ids({"1", "1", "1"}));
    ASSERT_EQ(dead().size(), 1U);
    EXPECT_EQ(dead()[0].attempts, 3);
    EXPECT_EQ(dead()[0].reason, "the webhook answered with status 503");
    must(ports.push_store->redrive_delivery(dead()[0].key));
    loop.advance(std::chrono::seconds(2));
    EXPECT_EQ(hooks.ids(), Ids({"1", "1", "1", "1"}));
    EXPECT_TRUE(dead().empty());
}

TEST_F(PushSenderTest, RetryAfterIsHonoured) {
    WebhookAnswer busy = ScriptedWebhooks::status(429);
    busy.retry_after = std::chrono::seconds(60);
    hooks.answers = {busy};
    configure(make_task());
    loop.advance(std::chrono::seconds(59));
    EXPECT_EQ(hooks.ids().size(), 1U);
    loop.advance(std::chrono::seconds(3));
    EXPECT_EQ(hooks.ids().size(), 2U);
}

TEST_F(PushSenderTest, AReceiverThatIsGoneIsNotAskedAgain) {
    hooks.answers = {ScriptedWebhooks::status(410)};
    const TaskId task = make_task();
    configure(task);
    append(task, TaskState::kWorking);
    loop.advance(std::chrono::hours(1));
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    EXPECT_TRUE(dead().empty());
}

TEST_F(PushSenderTest, ARedirectIsAFailure) {
    restart({.schedule = {0, Duration(10)}});
    hooks.answers = {ScriptedWebhooks::status(302)};
    configure(make_task());
    ASSERT_EQ(dead().size(), 1U);
}

TEST_F(PushSenderTest, AUrlThatIsAllowedNoLongerIsNotAsked) {
    restart({.schedule = {0, Duration(10)}, .refuse_url = [](const std::string&) {
                 return std::optional<std::string>("is bad");
             }});
    configure(make_task());
    EXPECT_TRUE(hooks.requests.empty());
    ASSERT_EQ(dead().size(), 1U);
    EXPECT_EQ(dead()[0].reason, "the URL is bad");
}

TEST_F(PushSenderTest, ASilentReceiverHoldsNobodyElseUp) {
    const TaskId task = make_task();
    configure(task, "https://silent.example/");
    configure(task, "https://good.example/");
    append(task, TaskState::kCompleted);
    EXPECT_EQ(hooks.ids(), Ids({"1", "1", "2"}));
    hooks.released.set();
    loop.run_ready();
    EXPECT_EQ(hooks.ids().size(), 4U);
}

TEST_F(PushSenderTest, OnlySoManyPostsAreUnderWay) {
    restart({.max_concurrent = 2});
    hooks.slow = std::chrono::seconds(1);
    const TaskId task = make_task();
    for (int i = 0; i < 5; ++i) configure(task);
    loop.advance(std::chrono::seconds(10));
    EXPECT_EQ(hooks.requests.size(), 5U);
    EXPECT_EQ(hooks.most_under_way, 2);
}

TEST_F(PushSenderTest, OneHostLeavesRoomForTheOthers) {
    restart({.max_concurrent = 4, .max_per_host = 2});
    hooks.slow = std::chrono::seconds(5);
    for (int i = 0; i < 6; ++i) {
        // One host, however it is written.
        configure(make_task(),
                  i % 2 == 0 ? "https://busy.example/" : "https://me@BUSY.example:8443?x");
    }
    EXPECT_EQ(hooks.requests.size(), 2U);
    configure(make_task(), "https://other.example/");
    ASSERT_EQ(hooks.requests.size(), 3U);
    EXPECT_EQ(hooks.requests[2].url, "https://other.example/");
    loop.advance(std::chrono::seconds(6));
    EXPECT_EQ(hooks.requests.size(), 5U) << "those that waited come next";
    // The others waited too long, and are found when their leases are over.
    loop.advance(std::chrono::minutes(2));
    EXPECT_EQ(hooks.requests.size(), 7U);
    EXPECT_EQ(hooks.most_under_way, 3);
    EXPECT_TRUE(dead().empty());
}

TEST_F(PushSenderTest, ADeliveryThatWaitsForItsHostIsGivenBackAtTheEnd) {
    restart({.max_per_host = 1});
    hooks.slow = std::chrono::seconds(5);
    configure(make_task());
    configure(make_task());
    stop();
    EXPECT_EQ(hooks.requests.size(), 1U);
    EXPECT_EQ(must(ports.push_store->due_deliveries({})).size(), 1U);
}

TEST_F(PushSenderTest, TheBodiesUnderWayTakeOnlySoManyBytes) {
    restart({.max_bytes = 100'000});
    hooks.slow = std::chrono::seconds(1);
    for (int i = 0; i < 4; ++i) {
        const TaskId task = make_task();
        Artifact artifact;
        artifact.artifact_id = "a";
        artifact.parts.push_back(Part::from_text(std::string(i == 3 ? 200'000 : 60'000, 'x')));
        TaskUpdate update;
        update.id = WriteId::next();
        update.artifacts.push_back({std::move(artifact), false, false, {}});
        must(ports.storage->append(task, OwnerScope::everything(), std::move(update)));
        configure(task, "https://h" + std::to_string(i) + ".example/");
    }
    EXPECT_EQ(hooks.requests.size(), 1U);
    loop.advance(std::chrono::minutes(1));
    EXPECT_EQ(hooks.requests.size(), 8U) << "the one that is larger than all of it went alone";
    EXPECT_EQ(hooks.most_under_way, 1);
    EXPECT_TRUE(dead().empty());
}

TEST_F(PushSenderTest, AThousandDeadWebhooksDelayNobody) {
    restart({.schedule = {9, std::chrono::seconds(5)}});
    for (int i = 0; i < 1000; ++i) {
        configure(make_task(), "https://dead" + std::to_string(i % 50) + ".example/");
        if (i == 0) hooks.slow = std::chrono::seconds(15);
    }
    hooks.answers.assign(2000, ScriptedWebhooks::status(503));
    loop.advance(std::chrono::seconds(90));
    hooks.requests.clear();
    hooks.slow = Duration(0);
    hooks.answers.clear();
    const TaskId task = make_task();
    configure(task, "https://good.example/");
    append(task, TaskState::kCompleted);
    std::vector<std::string> told;
    for (const WebhookRequest& request : hooks.requests) {
        if (request.url == "https://good.example/") told.push_back(request.url);
    }
    EXPECT_EQ(told.size(), 2U) << "without a second in between";
}

TEST(AdmissionTest, LetsInWhatFitsInTheOrderInWhichItCame) {
    testing::ManualLoop loop;
    Admission admission(10);
    TaskGroup group;
    std::string in;
    const auto come = [&](char name, std::size_t amount) {
        group.spawn([](Admission& a, std::string& names, char n, std::size_t bytes) -> Async<void> {
            names += co_await a.enter(bytes, std::chrono::seconds(5)) ? n : '-';
        }(admission, in, name, amount));
        loop.run_ready();
    };
    come('a', 6);
    come('b', 6);
    come('c', 2);
    EXPECT_EQ(in, "a") << "c fits, but b came first";
    EXPECT_FALSE(admission.try_enter(1));
    admission.leave(6);
    loop.run_ready();
    EXPECT_EQ(in, "abc");
    come('d', 100);
    admission.leave(6);
    admission.leave(2);
    loop.run_ready();
    EXPECT_EQ(in, "abcd") << "larger than all of it, so it goes alone";
    come('e', 1);
    come('f', 1);
    loop.advance(std::chrono::seconds(5));
    EXPECT_EQ(in, "abcd--");
    EXPECT_EQ(admission.used(), 100U);
    come('g', 1);
    admission.close();
    loop.run_ready();
    EXPECT_EQ(in, "abcd---");
    EXPECT_EQ(admission.waiting(), 0U);
    loop.await(group.join());
}

TEST_F(PushSenderTest, AWebhookOf0_3GetsTheTask) {
    const TaskId task = make_task();
    configure(task, "https://hooks.example/", ProtocolVersion::k0_3);
    append(task, TaskState::kCompleted);
    ASSERT_EQ(hooks.ids(), Ids({"1", "2"}));
    EXPECT_NE(hooks.requests[1].body.find(R"("kind":"task")"), std::string::npos);
    EXPECT_NE(hooks.requests[1].body.find(R"("state":"completed")"), std::string::npos);
}

TEST_F(PushSenderTest, TheTaskAsItStandsCanComeFirst) {
    const TaskId task = make_task();
    append(task, TaskState::kWorking);
    configure(task, "https://hooks.example/", ProtocolVersion::k1_0, true);
    append(task, TaskState::kCompleted);
    ASSERT_EQ(hooks.ids(), Ids({"2", "3"}));
    EXPECT_EQ(hooks.requests[0].body.find(R"({"task":{)"), 0U) << hooks.requests[0].body;
}

TEST_F(PushSenderTest, AfterACompactionTheTaskIsToldInsteadOfTheLostEvents) {
    hooks.answers = {ScriptedWebhooks::status(500)};
    restart({.schedule = {0, Duration(10)}});
    const TaskId task = make_task();
    configure(task);
    append(task, TaskState::kCompleted);
    ASSERT_EQ(dead().size(), 1U);
    loop.advance(Duration(1));
    ASSERT_EQ(must(ports.maintenance->compact(clock->now(), 10)), 1);
    must(ports.push_store->redrive_delivery(dead()[0].key));
    loop.advance(std::chrono::seconds(2));
    ASSERT_EQ(hooks.ids(), Ids({"1", "2"}));
    EXPECT_EQ(hooks.requests[1].body.find(R"({"task":{)"), 0U);
}

TEST_F(PushSenderTest, StoppingWaitsForThePostAndGivesTheLeaseBack) {
    hooks.slow = std::chrono::seconds(5);
    const TaskId task = make_task();
    append(task, TaskState::kWorking);
    configure(task);
    stop();
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
    const auto left = must(ports.push_store->due_deliveries({}));
    ASSERT_EQ(left.size(), 1U) << "another node may go on immediately";
    EXPECT_EQ(left[0].cursor, 1U);
}

TEST_F(PushSenderTest, TwoSendersShareTheWorkWithoutRepeats) {
    PushSender other({.storage = ports.storage,
                      .store = ports.push_store,
                      .bus = ports.event_bus,
                      .post = [this](WebhookRequest r) { return hooks.post(std::move(r)); }},
                     {});
    other.start();
    hooks.slow = Duration(100);
    const TaskId task = make_task();
    configure(task);
    other.wake(task);
    append(task, TaskState::kWorking);
    append(task, TaskState::kCompleted);
    loop.advance(std::chrono::seconds(5));
    EXPECT_EQ(hooks.ids(), Ids({"1", "2", "3"}));
    EXPECT_EQ(hooks.most_under_way, 1);
    loop.await(other.stop());
}

TEST_F(PushSenderTest, ARemovedConfigurationIsToldNothingMore) {
    const TaskId task = make_task();
    const PushConfig config = configure(task);
    must(ports.push_store->remove_config({}, task, config.config.id));
    append(task, TaskState::kWorking);
    EXPECT_EQ(hooks.ids(), Ids({"1"}));
}

}  // namespace
}  // namespace a2akit::push
