#include "serve/exec_worker.hpp"

#include "support/temporary_directory.hpp"
#include "support/test_agent.hpp"

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

namespace a2akit::serve {
namespace {

using test_support::HttpClient;
using test_support::send_body;
using test_support::text_of;
using ::testing::HasSubstr;
using ::testing::Not;

class ExecWorkerTest : public ::testing::Test {
protected:
    ExecWorkerTest() { std::signal(SIGPIPE, SIG_IGN); }

    /// Serves `script`, run by a shell.
    void serve(const std::string& script, ExecOptions options = {}) {
        options.argv = {"/bin/sh", "-c", script};
        serve_command(std::move(options));
    }
    void serve_command(ExecOptions options) {
        server_ = std::make_unique<Server>(
            test_support::test_options(std::make_shared<ExecWorker>(std::move(options))));
        const Result<void> started = server_->start();
        ASSERT_TRUE(started) << started.error().message;
        client_ = std::make_unique<HttpClient>(server_->port());
    }
    /// The task at the end of its turn, as JSON.
    std::string send(const std::string& text) {
        return client_->exchange("POST", "/message:send", send_body(text)).body;
    }
    /// The text of all artifacts' parts.
    static std::string answer(const std::string& task) {
        std::string text;
        const auto begin = task.find("\"artifacts\":");
        const auto end = task.find("\"history\":");
        if (begin == std::string::npos) return {};
        std::string rest = task.substr(begin, end - begin);
        for (auto at = rest.find("\"text\":\""); at != std::string::npos;
             at = rest.find("\"text\":\"")) {
            rest.erase(0, at);
            text += text_of(rest, "text");
            rest.erase(0, 8);
        }
        return text;
    }
    HttpClient& client() { return *client_; }
    std::uint16_t port() { return server_->port(); }

private:
    std::unique_ptr<Server> server_;
    std::unique_ptr<HttpClient> client_;
};

TEST_F(ExecWorkerTest, TheTextGoesInAndTheOutputComesBack) {
    serve_command({.argv = {"tr", "a-z", "A-Z"}});
    const std::string task = send("hello");
    EXPECT_THAT(task, HasSubstr("TASK_STATE_COMPLETED"));
    EXPECT_EQ(answer(task), "HELLO");
}

TEST_F(ExecWorkerTest, InputEndsWithANewlineSoThatReadSeesItsLastLine) {
    serve("while read line; do echo \"<$line>\"; done");
    EXPECT_EQ(answer(send("a\\nb")), "<a>\\n<b>");
    EXPECT_EQ(answer(send("a\\n")), "<a>");
}

TEST_F(ExecWorkerTest, TheExitStatusDecidesAndErrorsAreTold) {
    serve("echo partial; echo 'cannot do it' >&2; exit 4");
    const std::string task = send("x");
    EXPECT_THAT(task, HasSubstr("TASK_STATE_FAILED"));
    EXPECT_THAT(task, HasSubstr("the command ended with exit status 4: cannot do it"));
    EXPECT_EQ(answer(task), "partial");
}

TEST_F(ExecWorkerTest, ErrorsOfACommandThatSucceedsAreNotTold) {
    serve("echo careful >&2; echo fine");
    const std::string task = send("x");
    EXPECT_THAT(task, HasSubstr("TASK_STATE_COMPLETED"));
    EXPECT_THAT(task, Not(HasSubstr("careful")));
}

TEST_F(ExecWorkerTest, ASignalThatEndsItIsAFailure) {
    serve("kill -KILL $$");
    EXPECT_THAT(send("x"), HasSubstr("the command ended with signal 9 (Killed)"));
}

TEST_F(ExecWorkerTest, NoOutputCompletesWithoutAnArtifact) {
    serve("exit 0");
    const std::string task = send("x");
    EXPECT_THAT(task, HasSubstr("TASK_STATE_COMPLETED"));
    EXPECT_THAT(task, Not(HasSubstr("artifacts")));
}

TEST_F(ExecWorkerTest, ACommandThatDoesNotExistFailsTheTask) {
    serve_command({.argv = {"/no/such/program"}});
    EXPECT_THAT(send("x"), HasSubstr("the command cannot be started: No such file"));
}

TEST_F(ExecWorkerTest, LinesAreStreamedWhileTheCommandRuns) {
    const test_support::TemporaryDirectory folder;
    const std::string gate = folder.path() + "/gate";
    ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
    serve("echo first; read go < " + gate + "; echo second");
    client().request("POST", "/message:stream", send_body("x"));
    EXPECT_EQ(client().head().status, 200);
    std::string seen;
    while (seen.find("first") == std::string::npos) seen += client().chunk();
    std::ofstream(gate) << "go\n";
    while (seen.find("COMPLETED") == std::string::npos) seen += client().chunk();
    EXPECT_THAT(seen, HasSubstr("\"text\":\"\\nsecond\""));
}

TEST_F(ExecWorkerTest, TextWithoutANewlineIsStreamedWhenTheCommandPauses) {
    const test_support::TemporaryDirectory folder;
    const std::string gate = folder.path() + "/gate";
    ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
    serve("printf word; read go < " + gate + "; printf ' and more'");
    client().request("POST", "/message:stream", send_body("x"));
    std::string seen;
    client().head();
    while (seen.find("word") == std::string::npos) seen += client().chunk();
    std::ofstream(gate) << "go\n";
    while (seen.find("COMPLETED") == std::string::npos) seen += client().chunk();
    EXPECT_THAT(seen, HasSubstr("\"text\":\" and more\""));
}

TEST_F(ExecWorkerTest, BytesThatAreNotUtf8AreReplaced) {
    serve("printf 'a\\377b\\000c'");
    EXPECT_EQ(answer(send("x")), "a\uFFFDb\uFFFDc");
}

TEST_F(ExecWorkerTest, HugeLinesComeInPiecesAndWhole) {
    serve("head -c 1000000 /dev/zero | tr '\\0' x");
    const std::string task = send("x");
    EXPECT_THAT(task, HasSubstr("TASK_STATE_COMPLETED"));
    EXPECT_EQ(answer(task), std::string(1'000'000, 'x'));
}

TEST_F(ExecWorkerTest, EndlessOutputIsStoppedAtTheLimit) {
    ExecOptions options;
    options.limits.output_bytes = 100'000;
    serve("yes", options);
    const std::string task = send("x");
    EXPECT_THAT(task, HasSubstr("the command wrote more than 100000 bytes"));
    EXPECT_LE(answer(task).size(), 250'000U);  // newlines are two characters of JSON
}

TEST_F(ExecWorkerTest, EndlessErrorsDoNotHoldUpTheEnd) {
    ExecOptions options;
    options.limits.time = std::chrono::milliseconds(200);
    serve("yes >&2", options);
    EXPECT_THAT(send("x"), HasSubstr("the command ran for longer than 200 ms: ..."));
}

TEST_F(ExecWorkerTest, ACommandThatHangsIsStoppedAtTheLimit) {
    ExecOptions options;
    options.limits.time = std::chrono::milliseconds(50);
    serve("trap '' TERM; sleep 1000", options);
    EXPECT_THAT(send("x"), HasSubstr("the command ran for longer than 50 ms"));
}

TEST_F(ExecWorkerTest, ACancelStopsTheCommandGently) {
    const test_support::TemporaryDirectory folder;
    const std::string note = folder.path() + "/note";
    serve("trap 'echo stopped > " + note +
          "; exit 0' TERM; echo ready; while :; do sleep 0.01; done");
    client().request("POST", "/message:stream", send_body("x"));
    client().head();
    std::string seen;
    while (seen.find("ready") == std::string::npos) seen += client().chunk();
    HttpClient other(port());
    const std::string id = test_support::task_id_of(seen);
    EXPECT_THAT(other.exchange("POST", "/tasks/" + id + ":cancel", "{}").body,
                HasSubstr("TASK_STATE_CANCELED"));
    std::string said;
    std::getline(std::ifstream(note) >> std::ws, said);
    EXPECT_EQ(said, "stopped");
}

TEST_F(ExecWorkerTest, ACancelKillsACommandThatIgnoresIt) {
    ExecOptions options;
    options.limits.grace = std::chrono::milliseconds(20);
    serve("trap '' TERM; echo ready; while :; do sleep 0.01; done", options);
    client().request("POST", "/message:stream", send_body("x"));
    client().head();
    std::string seen;
    while (seen.find("ready") == std::string::npos) seen += client().chunk();
    HttpClient other(port());
    const std::string id = test_support::task_id_of(seen);
    EXPECT_THAT(other.exchange("POST", "/tasks/" + id + ":cancel", "{}").body,
                HasSubstr("TASK_STATE_CANCELED"));
}

TEST_F(ExecWorkerTest, TheCommandSeesTheTaskButNotTheServersVariables) {
    ::setenv("SERVE_TEST_SECRET", "hidden", 1);
    ::setenv("SERVE_TEST_SHOWN", "shown", 1);
    ExecOptions options;
    options.environment = {"SERVE_TEST_SHOWN", "GIVEN=given"};
    serve(
        "echo "
        "$SERVE_TEST_SECRET/$SERVE_TEST_SHOWN/$GIVEN/$A2A_MESSAGE_ID/$A2A_ATTEMPT/$A2A_TASK_ID",
        options);
    const std::string task = send("x");
    EXPECT_EQ(answer(task), "/shown/given/m/1/" + test_support::task_id_of(task));
}

TEST_F(ExecWorkerTest, ManyCommandsRunAtATime) {
    const test_support::TemporaryDirectory folder;
    const std::string gate = folder.path() + "/gate";
    ASSERT_EQ(mkfifo(gate.c_str(), 0600), 0);
    serve("read line; test \"$line\" = open && exec echo go > " + gate + "; read go < " + gate);
    // One waits until the other, behind it, has come.
    client().request("POST", "/message:send", send_body("wait"));
    HttpClient other(port());
    other.exchange("POST", "/message:send", send_body("open"));
    EXPECT_THAT(client().response().body, HasSubstr("TASK_STATE_COMPLETED"));
}

}  // namespace
}  // namespace a2akit::serve
