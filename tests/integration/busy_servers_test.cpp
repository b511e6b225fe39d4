#include "support/test_agent.hpp"

#include <gtest/gtest.h>
#include <a2akit/testing/faulty_ports.hpp>
#include <a2akit/testing/memory_ports.hpp>

#include <array>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <tuple>
#include <vector>

namespace a2akit {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::task_id_of;
using test_support::test_options;
using test_support::TestAgent;

constexpr int kClients = 4;
constexpr int kTasksEach = 5;

/// Two servers over one set of memory ports, with one or four event loops each, and several clients
/// at once; over ports that misbehave as well. What these tests say of one loop in virtual time
/// (faulty_lifecycle_test) has to hold here too.
class BusyServersTest : public ::testing::TestWithParam<std::tuple<int, bool>> {
protected:
    void SetUp() override {
        const Ports shared = testing::memory_ports();
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            ServerOptions options = test_options(agent_);
            options.settings.threads = std::get<0>(GetParam());
            options.ports = shared;
            if (faulty()) {
                options.ports = misbehaving(shared, i + 1);
                options.settings.lease =
                    Duration(1000);  // A third of it, and a lost cancel is noticed.
                options.settings.max_retries = 20;
            }
            servers_[i] = std::make_unique<Server>(std::move(options));
            const auto started = servers_[i]->start();
            ASSERT_TRUE(started) << started.error().message;
        }
    }

    [[nodiscard]] static bool faulty() { return std::get<1>(GetParam()); }
    static Ports misbehaving(const Ports& inner, std::uint64_t seed) {
        testing::FaultPlan plan = testing::FaultPlan::everything(seed, 0.1);
        plan.storage_before = plan.storage_after = plan.storage_delayed = 0.03;
        plan.delay_at_most = Duration(5);
        return testing::FaultyPorts::wrap(inner, plan).ports();
    }

    // -- Clients that do what the protocol tells clients to do
    std::uint16_t port(int number) {
        return servers_[static_cast<std::size_t>(number) % servers_.size()]->port();
    }
    static HttpClient::Response ask(std::uint16_t port, const char* method,
                                    const std::string& target, const std::string& body,
                                    const std::string& headers = {}) {
        for (;;) {
            HttpClient client(port);
            auto answer = client.exchange(method, target, body,
                                          "Content-Type: application/json\r\n" + headers);
            if (answer.status != 503) return answer;
        }
    }
    /// Under a key of its own: a repeat after a 503 makes no second task.
    std::string send(int server, const std::string& body) {
        const std::string key = "Idempotency-Key: " + std::to_string(++keys_) + "\r\n";
        return ask(port(server), "POST", "/message:send", body, key).body;
    }
    std::string start_task(int server, const std::string& text) {
        const std::string body = send_body(text, R"(},"configuration":{"returnImmediately":true)");
        return task_id_of(send(server, body));
    }
    struct Followed {
        std::vector<int> ids;
        std::string text;
    };
    /// The whole log of a task, from its first event to its end, over as many connections as it
    /// takes.
    Followed follow(int server, const std::string& task) {
        Followed followed;
        for (;;) {
            const int after = followed.ids.empty() ? 0 : followed.ids.back();
            const auto part = ask(port(server), "GET", "/tasks/" + task + ":subscribe", "",
                                  "Last-Event-ID: " + std::to_string(after) + "\r\n");
            std::istringstream lines(part.body);
            for (std::string line; std::getline(lines, line);) {
                if (line.starts_with("id: ")) followed.ids.push_back(std::stoi(line.substr(4)));
            }
            followed.text += part.body;
            for (const char* end : {"STATE_COMPLETED", "STATE_CANCELED", "STATE_FAILED"}) {
                if (part.body.find(end) != std::string::npos) return followed;
            }
        }
    }
    template <class Talk>
    void clients(Talk talk) {
        std::vector<std::jthread> threads;
        for (int c = 0; c < kClients; ++c) {
            threads.emplace_back([&, c] {
                for (int i = 0; i < kTasksEach; ++i)
                    talk(c + i, std::to_string(c) + "-" + std::to_string(i));
            });
        }
    }
    static void expect_every_event_once(const Followed& followed) {
        std::vector<int> every(followed.ids.size());
        for (std::size_t n = 0; n < every.size(); ++n) every[n] = static_cast<int>(n) + 1;
        EXPECT_EQ(followed.ids, every) << followed.text;
    }

    std::shared_ptr<TestAgent> agent_ = std::make_shared<TestAgent>();
    std::array<std::unique_ptr<Server>, 2> servers_;
    std::atomic<int> keys_{0};
};

TEST_P(BusyServersTest, EveryAcceptedTaskIsDoneAndItsSenderAnswered) {
    std::mutex mutex;
    std::set<std::string> tasks;
    clients([&](int server, const std::string& name) {
        const std::string answer = send(server, send_body(name));
        EXPECT_NE(answer.find("Echo: " + name), std::string::npos) << answer;
        const std::lock_guard lock(mutex);
        tasks.insert(task_id_of(answer));
    });
    EXPECT_EQ(tasks.size(), std::size_t{kClients} * kTasksEach);
    if (!faulty()) {
        EXPECT_EQ(agent_->started, kClients * kTasksEach);
    }
}

TEST_P(BusyServersTest, EveryAnswerToAQuestionContinuesItsTask) {
    clients([&](int server, const std::string& name) {
        const std::string asked = send(server, send_body("ask"));
        EXPECT_NE(asked.find("TASK_STATE_INPUT_REQUIRED"), std::string::npos) << asked;
        const std::string task = task_id_of(asked);
        const std::string done = send(server + 1, send_body(name, R"(,"taskId":")" + task + "\""));
        EXPECT_EQ(task_id_of(done), task) << done;
        EXPECT_NE(done.find("Echo: " + name), std::string::npos) << done;
    });
}

TEST_P(BusyServersTest, EveryStreamCarriesEveryEventOnceInOrder) {
    clients([&](int server, const std::string&) {
        const std::string task = start_task(server, "words");
        Followed here;
        std::jthread beside([&] { here = follow(server, task); });
        Followed there = follow(server + 1, task);
        beside.join();
        for (const Followed* followed : {&here, &there}) {
            expect_every_event_once(*followed);
            EXPECT_NE(followed->text.find("TASK_STATE_COMPLETED"), std::string::npos)
                << followed->text;
        }
        EXPECT_EQ(here.ids, there.ids);
    });
}

TEST_P(BusyServersTest, EveryCanceledTaskEndsWhoeverAsks) {
    clients([&](int server, const std::string&) {
        const std::string task = start_task(server, "wait");
        const auto answer = ask(port(server + 1), "POST", "/tasks/" + task + ":cancel", "{}");
        // A repeat of a cancel whose answer was lost may find it done.
        EXPECT_TRUE(answer.status == 200 || (faulty() && answer.status == 400))
            << answer.status << answer.body;
        const Followed followed = follow(server, task);
        expect_every_event_once(followed);
        EXPECT_NE(followed.text.find("TASK_STATE_CANCELED"), std::string::npos) << followed.text;
    });
}

std::string ports_and_loops(const ::testing::TestParamInfo<std::tuple<int, bool>>& info) {
    return (std::get<0>(info.param) == 1 ? std::string("OneLoop") : std::string("FourLoops")) +
           (std::get<1>(info.param) ? "OverFaultyPorts" : "");
}

INSTANTIATE_TEST_SUITE_P(Threads, BusyServersTest,
                         ::testing::Combine(::testing::Values(1, 4), ::testing::Bool()),
                         ports_and_loops);

}  // namespace
}  // namespace a2akit
