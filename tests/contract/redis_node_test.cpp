#include "contract/redis_processes.hpp"
#include "support/fake_server.hpp"

#include <gmock/gmock.h>

#include <future>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

// What Redis does beyond the contracts: getting in, entries of the dead, outages, servers that are
// not as they should be.

namespace a2akit::testing {
namespace {

using test_support::FakeServer;
using test_support::RedisClient;
using test_support::RedisServer;
using ::testing::HasSubstr;

RunOperation operation() { return {TaskId::generate(), 1}; }

class RedisNodeTest : public RedisProcesses {
protected:
    [[nodiscard]] static RedisServer started(const std::vector<std::string>& arguments) {
        auto server = RedisServer::start(arguments);
        if (!server) throw std::runtime_error("the server of this test does not start");
        return std::move(*server);
    }
    /// What a process says when it cannot start on this URL.
    static std::string refusal(const std::string& url) { return refusal(patient(url)); }
    /// The same of a server that does not answer.
    static std::string refusal_in_time(const std::string& url) {
        return refusal(*redis::RedisAddress::parse(url));
    }

private:
    static std::string refusal(redis::RedisAddress address) {
        RedisProcess process(std::move(address));
        const Result<void> begun = process.call(process.broker.start());
        if (begun) {
            (void)process.call(process.broker.stop({}));
            return "it started";
        }
        EXPECT_EQ(begun.error().code, ErrorCode::kUnavailable);
        return begun.error().message;
    }
};

// -- Getting in

class RedisAccessTest : public RedisNodeTest {};

TEST_F(RedisAccessTest, ThroughTlsAsAUserWithItsOwnRightsOnADatabaseAndBelowAPrefixAllWorks) {
    const RedisServer server =
        started({"--tls",        "--requirepass", "unused", "--user", "agent",    "on",
                 ">p@ss",        "~own:*",        "&own:*", "-@all",  "+@stream", "+@scripting",
                 "+@connection", "+@pubsub",      "+get",   "+mget",  "+set",     "+del",
                 "+exists",      "+hget",         "+hset",  "+hdel",  "+zadd",    "+zrange",
                 "+zrem",        "+zscore",       "+time",  "+info"});
    std::string url = server.url();
    url.replace(0, std::string("rediss://").size(), "rediss://agent:p%40ss@");
    url.replace(url.find("/0?"), 3, "/3?prefix=own:&");
    RedisProcess& one = process(url);
    RedisProcess& two = process(url);
    const RunOperation run = operation();
    one.enqueue(run);
    auto delivery = two.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_TRUE(ok(two.call(delivery->nack(Duration(1)))));
    delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
    EXPECT_TRUE(ok(one.call(one.cancels.request_cancel(run.task))));
    const auto scope = two.call(two.cancels.watch(run.task));
    ASSERT_TRUE(scope);
    EXPECT_TRUE((*scope)->is_cancelled());
    EXPECT_TRUE(ok(two.call(two.broker.check())));
}

TEST_F(RedisAccessTest, AClientCertificateIsShown) {
    const RedisServer server = started({"--tls", "--tls-auth-clients", "yes"});
    const std::string folder = server.url().substr(server.url().find("cafile=") + 7);
    const std::string files = folder.substr(0, folder.rfind('/'));
    EXPECT_THAT(refusal(server.url()), HasSubstr("check certfile and keyfile"));
    RedisProcess& one = process(server.url() + "&certfile=" + files +
                                "/client.pem&keyfile=" + files + "/client.key");
    EXPECT_TRUE(ok(one.call(one.broker.check())));
}

TEST_F(RedisAccessTest, WrongCredentialsSaySo) {
    const RedisServer server = started({"--requirepass", "right"});
    std::string with = server.url();
    with.replace(0, std::string("redis://").size(), "redis://:secret@");
    EXPECT_EQ(refusal(with), "Redis refuses the credentials; check user and password in the URL");
    EXPECT_THAT(refusal(server.url()), HasSubstr("asks for a password"));
    with.replace(with.find(":secret"), 7, "nobody:right");
    EXPECT_THAT(refusal(with), HasSubstr("check user and password"));
}

TEST_F(RedisAccessTest, AHostThatCannotBeReachedSaysSo) {
    EXPECT_THAT(refusal("redis://127.0.0.1:1"),
                HasSubstr("no server answers at the host and port"));
    EXPECT_THAT(refusal("redis://no-such-host.invalid"), HasSubstr("cannot be resolved"));
    FakeServer silent([](const std::string&) { return std::string(); });
    EXPECT_THAT(refusal_in_time(silent.url()), HasSubstr("does not answer"));
}

TEST_F(RedisAccessTest, AServerThatNeverAnswersTheCredentialsSaysSoInTime) {
    const RedisServer server = started({"--requirepass", "right"});
    std::string with = server.url();
    with.replace(0, std::string("redis://").size(), "redis://:right@");
    server.pause();
    EXPECT_EQ(refusal_in_time(with),
              "the host of the Redis URL does not answer; check host, port and firewall");
    server.resume();
}

TEST_F(RedisAccessTest, TlsThatDoesNotFitSaysSo) {
    const RedisServer tls = started({"--tls"});
    const std::string plain = test_support::redis_server().url();
    std::string wrong = plain;
    wrong.replace(0, 5, "rediss");
    EXPECT_THAT(refusal_in_time(wrong), HasSubstr("TLS")) << "the server waits for more";
    std::string no_tls = "redis://127.0.0.1:" + std::to_string(tls.port());
    EXPECT_THAT(refusal(no_tls), HasSubstr("rediss://"));
    EXPECT_THAT(refusal(tls.url().substr(0, tls.url().find('?'))),
                HasSubstr("certificate of Redis is not accepted"))
        << "the system does not know that authority";
    std::string renamed = tls.url();
    renamed.replace(renamed.find("127.0.0.1"), 9, "localhost");
    EXPECT_THAT(refusal(renamed), HasSubstr("check the host name"))
        << "the certificate is for 127.0.0.1";
    RedisProcess unreadable(
        patient(tls.url().substr(0, tls.url().find('?')) + "?cafile=/no/such/file"));
    const Result<void> begun = unreadable.call(unreadable.broker.start());
    ASSERT_FALSE(begun);
    EXPECT_THAT(begun.error().message, ::testing::StartsWith("cafile: "));
}

TEST_F(RedisAccessTest, WhatIsNotRedisSaysSo) {
    FakeServer web(
        [](const std::string&) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); });
    EXPECT_THAT(refusal(web.url()), HasSubstr("does not speak its protocol"));
}

TEST_F(RedisAccessTest, AServerThatIsTooOldSaysSo) {
    FakeServer old([](const std::string& asked) {
        if (asked.find("INFO") == std::string::npos) return std::string("+OK\r\n");
        const std::string info = "redis_version:6.2.7\r\nrole:master\r\n";
        return "$" + std::to_string(info.size()) + "\r\n" + info + "\r\n";
    });
    EXPECT_EQ(refusal(old.url()), "Redis is version 6; a2akit needs Redis 7 or later");
}

TEST_F(RedisAccessTest, AReadOnlyReplicaIsRefused) {
    const RedisServer replica =
        started({"--replicaof", "127.0.0.1", std::to_string(test_support::redis_server().port())});
    EXPECT_THAT(refusal(replica.url()), HasSubstr("name the primary"));
}

TEST_F(RedisAccessTest, AKeyOfSomebodyElsesIsNotTouched) {
    const std::string url = test_support::redis_server().fresh_url();
    const std::string key = url.substr(url.find("prefix=") + 7) + "{broker}";
    client().run({"SET", key, "theirs"});
    EXPECT_THAT(refusal(url), HasSubstr("belongs to something else"));
    EXPECT_EQ(client().run({"GET", key}), "theirs");
}

// -- The queue

class RedisQueueTest : public RedisNodeTest {
protected:
    static constexpr Duration kClaimTimeout{400};
    RedisQueueTest() { names.claim_timeout = kClaimTimeout; }
    const std::string url_ = test_support::redis_server().fresh_url();
    const std::string stream_ = url_.substr(url_.find("prefix=") + 7) + "{broker}";

    /// Takes what is there as a process that then dies.
    void take_and_die() {
        client().run(
            {"XREADGROUP", "GROUP", "workers", "dead", "COUNT", "100", "STREAMS", stream_, ">"});
    }
};

TEST_F(RedisQueueTest, EntriesOfADeadProcessGoToAnother) {
    RedisProcess& one = process(url_);
    const RunOperation run = operation();
    one.enqueue(run);
    take_and_die();
    const auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
    EXPECT_EQ(client().number({"XLEN", stream_}), 0);
    EXPECT_EQ(client().number({"HLEN", stream_ + ":known"}), 0);
}

TEST_F(RedisQueueTest, ARunEnqueuedAgainReplacesTheEntryOfADeadProcess) {
    names.claim_timeout = Duration(50);
    RedisProcess& one = process(url_);
    const RunOperation run = operation();
    one.enqueue(run);
    take_and_die();
    const std::string taken = client().run({"HVALS", stream_ + ":known"});
    wait_until([&] {
        one.enqueue(run);
        return client().run({"HVALS", stream_ + ":known"}) != taken;
    });
    EXPECT_EQ(client().number({"XLEN", stream_}), 1);
    const auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
}

TEST_F(RedisQueueTest, WhatIsHeldLongIsDeliveredOnce) {
    RedisProcess& one = process(url_);
    RedisProcess& two = process(url_);
    one.enqueue(operation());
    auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    // Two looks for the abandoned, which would take it.
    auto other = two.start_receiving();
    const auto until = std::chrono::steady_clock::now() + 4 * kClaimTimeout;
    wait_until([&] { return std::chrono::steady_clock::now() > until; });
    EXPECT_NE(other->wait_for(Duration(0)), std::future_status::ready);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
    two.close_receiver();
    EXPECT_EQ(other->get(), nullptr);
}

TEST_F(RedisQueueTest, EntriesGivenToAnotherProcessAreNotTakenBack) {
    names.claim_timeout = std::chrono::seconds(6);
    RedisProcess& one = process(url_);
    one.enqueue(operation());
    const auto first = one.receive();
    one.enqueue(operation());
    const auto second = one.receive();
    ASSERT_TRUE(first && second);
    // Of each entry: its id, who holds it, for how many idle milliseconds, how often it was
    // delivered.
    const auto pending = [&] {
        std::istringstream words(client().run({"XPENDING", stream_, "workers", "-", "+", "2"}));
        std::vector<std::string> fields;
        for (std::string field; words >> field;) fields.push_back(field);
        fields.resize(8);
        return fields;
    };
    client().run({"XCLAIM", stream_, "workers", "another", "0", pending()[0], "JUSTID"});
    ASSERT_EQ(pending()[1], "another");
    int idle = 0;
    wait_until([&] {
        const int before = std::exchange(idle, std::stoi(pending()[6]));
        return idle < before;
    });
    EXPECT_EQ(pending()[1], "another") << "as it kept the second alive";
    for (const auto& delivery : {&first, &second}) EXPECT_TRUE(ok(one.call((*delivery)->ack())));
}

TEST_F(RedisQueueTest, AProcessThatStopsPutsBackWhatItHolds) {
    names.claim_timeout = std::chrono::minutes(10);
    RedisProcess& one = process(url_);
    RedisProcess& two = process(url_);
    const RunOperation run = operation();
    one.enqueue(run);
    auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_TRUE(ok(one.call(one.broker.stop({}))));
    const auto again = two.receive();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->operation(), run);
    EXPECT_TRUE(ok(two.call(again->ack())));
    EXPECT_THAT(client().run({"XINFO", "CONSUMERS", stream_, "workers"}),
                Not(HasSubstr("pending\n1")));
}

TEST_F(RedisQueueTest, AnEchoTaskCostsFourCommands) {
    RedisProcess& one = process(url_);
    auto receiving = one.start_receiving();
    // The first of each script is told to the server.
    one.enqueue(operation());
    ASSERT_TRUE(ok(one.call(receiving->get()->ack())));
    const auto count = [&] {
        std::uint64_t calls = 0;
        const std::string stats = client().run({"INFO", "commandstats"});
        for (const char* name :
             {"cmdstat_evalsha:calls=", "cmdstat_eval:calls=", "cmdstat_xreadgroup:calls=",
              "cmdstat_get:calls=", "cmdstat_set:calls=", "cmdstat_del:calls="}) {
            if (const auto at = stats.find(name); at != std::string::npos) {
                calls += std::stoull(stats.substr(at + std::string(name).size()));
            }
        }
        return calls;
    };
    constexpr int kTasks = 20;
    const std::uint64_t before = count();
    for (int i = 0; i < kTasks; ++i) {
        const RunOperation run = operation();
        receiving = one.start_receiving();
        one.enqueue(run);
        const auto delivery = receiving->get();
        ASSERT_TRUE(delivery);
        ASSERT_TRUE(one.call(one.cancels.watch(run.task)));
        ASSERT_TRUE(ok(one.call(delivery->ack())));
    }
    // Looks for what is due and for the abandoned come by the clock, not by the task.
    EXPECT_LE(count() - before, 4 * kTasks + 20);
}

TEST_F(RedisQueueTest, OldConsumersThatHoldNothingAreDropped) {
    RedisProcess& one = process(url_);
    one.enqueue(operation());
    client().run({"XGROUP", "CREATECONSUMER", stream_, "workers", "gone"});
    take_and_die();
    const auto& scripts = one.node->scripts();
    wait_until([&] {
        std::vector<std::string> args{"workers", "20"};
        (void)one.call(one.node->run(scripts.tidy, {stream_}, std::move(args)));
        return client().run({"XINFO", "CONSUMERS", stream_, "workers"}).find("name\ngone") ==
               std::string::npos;
    });
    EXPECT_THAT(client().run({"XINFO", "CONSUMERS", stream_, "workers"}), HasSubstr("name\ndead"))
        << "it holds an entry, which would be lost with it";
}

TEST_F(RedisQueueTest, AnEntryThatIsNoneOfOursIsLeftAlone) {
    RedisProcess& one = process(url_);
    client().run({"XADD", stream_, "*", "strange", "thing"});
    const RunOperation run = operation();
    one.enqueue(run);
    const auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
}

class RedisSharesTest : public RedisQueueTest {
protected:
    void tell_slots(RedisProcess& process, const std::string& slots, const std::string& before) {
        std::vector<std::string> keys{stream_};
        for (const char* name :
             {"known", "delayed", "waiting", "owners", "shares", "running", "nodes"})
            keys.push_back(stream_ + ':' + name);
        std::vector<std::string> args{"elsewhere", slots, before, "60000", ""};
        const auto& beat = process.node->scripts().beat;
        EXPECT_TRUE(ok(process.call(process.node->run(beat, std::move(keys), std::move(args)))));
    }
    static RunOperation operation_of(const std::string& owner) {
        return {TaskId::generate(), 1, owner_key({owner, "", false})};
    }
};

TEST_F(RedisSharesTest, EntriesBeyondTheSlotsOfTheNodesThatLiveWaitBesideTheStream) {
    RedisProcess& one = process(url_);
    tell_slots(one, "4", "0");
    one.enqueue(operation_of("bob"));
    for (int i = 0; i < 8; ++i) one.enqueue(operation_of("alice"));
    const RunOperation last = operation_of("alice");
    one.enqueue(last);
    EXPECT_EQ(client().number({"XLEN", stream_}), 4);
    one.enqueue(last);
    EXPECT_EQ(client().number({"ZCARD", stream_ + ":waiting"}), 6) << "it waits already";
    tell_slots(one, "40", "4");
    EXPECT_EQ(client().number({"XLEN", stream_}), 10);
    EXPECT_EQ(client().number({"ZCARD", stream_ + ":waiting"}), 0);
    EXPECT_EQ(client().number({"HLEN", stream_ + ":owners"}), 0);
}

TEST_F(RedisSharesTest, EntriesThatAnOlderNodeAnsweredAreNotCountedForLong) {
    RedisProcess& one = process(url_);
    tell_slots(one, "4", "0");
    one.enqueue(operation_of("bob"));
    for (int i = 0; i < 5; ++i) one.enqueue(operation_of("alice"));
    client().run({"XTRIM", stream_, "MAXLEN", "0"});
    EXPECT_EQ(client().number({"HLEN", stream_ + ":running"}), 2);
    client().run({"HSET", stream_ + ":shares", "recounted", "1"});
    tell_slots(one, "4", "4");
    EXPECT_EQ(client().number({"HLEN", stream_ + ":running"}), 1);
    EXPECT_EQ(client().number({"XLEN", stream_}), 2) << "the entries of alice that waited";
}

TEST_F(RedisSharesTest, AnEntryOfAnOlderNodeHasNoOwner) {
    RedisProcess& one = process(url_);
    const RunOperation run = operation();
    client().run({"XADD", stream_, "*", "run", run.task.to_string() + "/1"});
    const auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_EQ(delivery->operation().owner, 0U);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
    EXPECT_EQ(client().number({"XLEN", stream_}), 0);
}

// -- Outages

class RedisOutageTest : public RedisNodeTest {
protected:
    const RedisServer server_ = started({});
    RedisClient client_of_server() const { return RedisClient(server_.port()); }
};

TEST_F(RedisOutageTest, AServerThatRestartsEmptyHealsByItself) {
    RedisProcess& one = process(server_.url());
    RedisProcess& two = process(server_.url());
    const RunOperation lost = operation();
    one.enqueue(operation());
    auto held = one.receive();
    ASSERT_TRUE(held);
    one.enqueue(lost);
    auto waiting = two.start_receiving();
    ASSERT_EQ(waiting->get()->operation(), lost);
    waiting = two.start_receiving();
    server_.restart();
    // As a sweep of Storage's would.
    wait_until([&] { return one.call(one.broker.enqueue(lost, std::nullopt)).has_value(); });
    const auto delivery = waiting->get();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), lost);
    EXPECT_TRUE(ok(two.call(delivery->ack())));
    EXPECT_TRUE(ok(one.call(held->ack()))) << "an entry that is gone is done with";
    wait_until([&] { return two.call(two.broker.check()).has_value(); });
}

TEST_F(RedisOutageTest, AServerThatIsEmptiedHealsByItself) {
    RedisProcess& one = process(server_.url());
    auto waiting = one.start_receiving();
    const RunOperation run = operation();
    client_of_server().run({"FLUSHALL"});  // this test's own
    client_of_server().run({"SCRIPT", "FLUSH"});
    wait_until([&] { return one.call(one.broker.enqueue(run, std::nullopt)).has_value(); });
    const auto delivery = waiting->get();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    EXPECT_TRUE(ok(one.call(delivery->ack())));
}

TEST_F(RedisOutageTest, KeysThatAreEvictedAreMadeAnew) {
    RedisProcess& one = process(server_.url());
    const std::string stream = one.node->key(one.node->names().stream);
    const RunOperation run = operation();
    one.enqueue(run);
    client_of_server().run({"DEL", stream});
    one.enqueue(run);
    auto delivery = one.receive();
    ASSERT_TRUE(delivery);
    EXPECT_EQ(delivery->operation(), run);
    client_of_server().run({"DEL", stream + ":known"});
    EXPECT_TRUE(ok(one.call(delivery->nack(Duration(1)))));
    delivery = one.receive();
    ASSERT_TRUE(delivery) << "one that nobody else knows goes back all the same";
    EXPECT_TRUE(ok(one.call(delivery->ack())));
}

TEST_F(RedisOutageTest, CallsFailSoonAndThenAtOnceUntilTheServerIsBack) {
    RedisProcess& one = process(server_.url());
    server_.kill();
    const auto timed = [&] {
        const auto begun = std::chrono::steady_clock::now();
        const Result<void> enqueued = one.call(one.broker.enqueue(operation(), std::nullopt));
        EXPECT_FALSE(enqueued);
        EXPECT_EQ(enqueued ? ErrorCode::kInternal : enqueued.error().code, ErrorCode::kUnavailable);
        return std::chrono::steady_clock::now() - begun;
    };
    EXPECT_LT(timed(), std::chrono::seconds(30)) << "less than an answer may take";
    wait_until([&] { return timed() < std::chrono::milliseconds(100); });
    const Result<void> check = one.call(one.broker.check());
    ASSERT_FALSE(check);
    EXPECT_EQ(check.error().code, ErrorCode::kUnavailable);
    server_.start_again();
    wait_until([&] { return one.call(one.broker.check()).has_value(); });
    one.enqueue(operation());
    EXPECT_TRUE(one.receive());
}

TEST_F(RedisOutageTest, AFullMemoryIsSaidAndNothingHangs) {
    RedisProcess& one = process(server_.url());
    client_of_server().run({"CONFIG", "SET", "maxmemory", "1"});
    const Result<void> enqueued = one.call(one.broker.enqueue(operation(), std::nullopt));
    ASSERT_FALSE(enqueued);
    EXPECT_EQ(enqueued.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(enqueued.error().message, HasSubstr("raise maxmemory"));
    const Result<void> check = one.call(one.broker.check());
    ASSERT_FALSE(check);
    EXPECT_THAT(check.error().message, HasSubstr("raise maxmemory"));
    EXPECT_FALSE(one.call(one.cancels.check())) << "a cancel is written as well";
    EXPECT_TRUE(ok(one.call(one.bus.check()))) << "a wake-up is not";
    EXPECT_TRUE(ok(one.call(one.bus.publish({TaskId::generate(), 1, 1, true}))))
        << "who is here is woken";
    client_of_server().run({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_TRUE(ok(one.call(one.broker.check())));
    one.enqueue(operation());
    EXPECT_TRUE(one.receive());
}

TEST_F(RedisOutageTest, APrimaryThatBecomesAReplicaIsNotReadyUntilItIsOneAgain) {
    RedisProcess& one = process(server_.url());
    client_of_server().run({"REPLICAOF", "127.0.0.1", "1"});
    const Result<void> enqueued = one.call(one.broker.enqueue(operation(), std::nullopt));
    ASSERT_FALSE(enqueued);
    EXPECT_THAT(enqueued.error().message, HasSubstr("name the primary"));
    wait_until([&] {
        const Result<void> check = one.call(one.broker.check());
        return !check && check.error().message.find("name the primary") != std::string::npos;
    });
    client_of_server().run({"REPLICAOF", "NO", "ONE"});
    wait_until([&] { return one.call(one.broker.check()).has_value(); });
    one.enqueue(operation());
    EXPECT_TRUE(one.receive());
}

TEST_F(RedisOutageTest, ACancelThatWasToldWhileNobodyListenedIsFound) {
    RedisProcess& one = process(server_.url());
    const TaskId task = TaskId::generate();
    const auto scope = one.call(one.cancels.watch(task));
    ASSERT_TRUE(scope);
    // Of a node whose message this one did not hear.
    client_of_server().run(
        {"SET", one.node->key(one.node->names().cancel + task.to_string()), "1"});
    EXPECT_FALSE((*scope)->is_cancelled());
    client_of_server().run({"CLIENT", "KILL", "TYPE", "pubsub"});
    wait_until([&] { return (*scope)->is_cancelled(); });
}

TEST_F(RedisOutageTest, WakeUpsComeAgainAfterTheListenerWasCut) {
    RedisProcess& one = process(server_.url());
    RedisProcess& two = process(server_.url());
    const TaskId task = TaskId::generate();
    const auto subscription = one.call(one.bus.subscribe(task, Interest::kEveryEvent));
    ASSERT_TRUE(subscription);
    client_of_server().run({"CLIENT", "KILL", "TYPE", "pubsub"});
    Sequence sequence = 0;
    wait_until([&] {
        (void)two.call(two.bus.publish({task, ++sequence, 1, false}));
        return (*subscription)->last() > 0;
    });
}

TEST_F(RedisOutageTest, ManyWakeUpsLeaveInFewMessages) {
    RedisProcess& one = process(server_.url());
    RedisProcess& two = process(server_.url());
    const TaskId task = TaskId::generate();
    const auto subscription = one.call(one.bus.subscribe(task, Interest::kEveryEvent));
    constexpr Sequence kMany = 5000;
    for (Sequence sequence = 1; sequence <= kMany; ++sequence)
        (void)two.bus.publish({task, sequence, 1, false});
    wait_until([&] { return (*subscription)->last() == kMany; });
    EXPECT_LT(two.node->notifier().told(), kMany / 2);
    EXPECT_EQ(client_of_server().run({"PUBSUB", "CHANNELS"}), "a2akit:events:0\n")
        << "one channel for all";
}

}  // namespace
}  // namespace a2akit::testing

int main(int argc, char** argv) { return a2akit::test_support::run_with_redis(argc, argv); }
