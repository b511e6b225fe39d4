#include "serve/child_process.hpp"

#include "net/loop_group.hpp"

#include <gmock/gmock.h>

#include <unistd.h>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>

namespace a2akit::serve {
namespace {

using ::testing::HasSubstr;
using Stream = ChildProcess::Stream;

/// What a process wrote and how it ended.
struct Outcome {
    std::string output;
    std::string errors;
    ChildExit exit;
};

/// False also for a zombie: it is up to its new parent to reap it.
bool runs(pid_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string line;
    std::getline(file, line);  // Fails, and does not throw, when the process ends just now.
    return !line.empty() && line.find(") Z ") == std::string::npos;
}

class ChildProcessTest : public ::testing::Test {
protected:
    ChildProcessTest() { std::signal(SIGPIPE, SIG_IGN); }

    static ChildOptions shell(const std::string& script) {
        return {{"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}, {}, {}};
    }

    /// Feeds `input` to the command and reads until its end. `on_output` sees all output so far.
    Outcome run(ChildOptions options, std::string input = {},
                std::function<void(ChildProcess&, const std::string&)> on_output = {}) {
        return net::run_on(loops_[0], run_async(loops_[0], std::move(options), std::move(input),
                                                std::move(on_output)));
    }

    net::LoopGroup& loops() { return loops_; }

private:
    static Async<Outcome> run_async(
        net::AsioLoop& loop, ChildOptions options, std::string input,
        std::function<void(ChildProcess&, const std::string&)> on_output) {
        auto child = ChildProcess::start(loop, options).value_or_throw();
        child->write(input);
        child->close_input();
        Outcome outcome;
        while (!child->exit() || !child->ended(Stream::kOutput) || !child->ended(Stream::kError)) {
            child->event().reset();
            const std::string output = child->read(Stream::kOutput, 4096);
            const std::string errors = child->read(Stream::kError, 4096);
            outcome.output += output;
            outcome.errors += errors;
            if (on_output) on_output(*child, outcome.output);
            if (!output.empty() || !errors.empty()) continue;
            if (child->exit() && child->ended(Stream::kOutput) && child->ended(Stream::kError))
                break;
            co_await child->event().wait();
        }
        outcome.exit = *child->exit();
        co_return outcome;
    }

    net::LoopGroup loops_{1, "test"};
};

TEST_F(ChildProcessTest, OutputErrorsAndStatusAreKeptApart) {
    const Outcome outcome = run(shell("cat; echo bad >&2; exit 3"), "hello");
    EXPECT_EQ(outcome.output, "hello");
    EXPECT_EQ(outcome.errors, "bad\n");
    EXPECT_EQ(outcome.exit.status, 3);
    EXPECT_EQ(outcome.exit.text(), "exit status 3");
}

TEST_F(ChildProcessTest, MoreThanThePipesHoldGoesThroughBothWays) {
    std::string input;
    for (int i = 0; i < 100'000; ++i) input += "line " + std::to_string(i) + "\n";
    EXPECT_EQ(run({{"cat"}, {}, {}, {}}, input).output, input);
}

TEST_F(ChildProcessTest, AProcessThatDoesNotReadItsInputEndsAllTheSame) {
    const Outcome outcome = run(shell("exec <&-; echo done"), std::string(1 << 20, 'x'));
    EXPECT_EQ(outcome.output, "done\n");
    EXPECT_TRUE(outcome.exit.succeeded());
}

TEST_F(ChildProcessTest, TheSignalThatEndedItIsNamed) {
    const Outcome outcome = run(shell("kill -SEGV $$"));
    EXPECT_EQ(outcome.exit.signal, SIGSEGV);
    EXPECT_THAT(outcome.exit.text(), HasSubstr("signal 11 (Segmentation"));
}

TEST_F(ChildProcessTest, AChildOfTheChildThatKeepsThePipeOpenIsKilled) {
    const Outcome outcome = run(shell("sleep 1000 & echo $!"));
    EXPECT_TRUE(outcome.exit.succeeded());
    const pid_t grandchild = std::stoi(outcome.output);
    while (runs(grandchild)) std::this_thread::yield();
}

TEST_F(ChildProcessTest, AChildThatLeftTheGroupDoesNotHoldUpTheEnd) {
    const Outcome outcome = run(shell(
        "setsid sh -c 'echo $$; while echo x; do :; done' & head -c 100 /dev/zero | tr '\\0' y"));
    EXPECT_TRUE(outcome.exit.succeeded());
    EXPECT_THAT(outcome.output, HasSubstr(std::string(100, 'y')));
}

TEST_F(ChildProcessTest, WhatHoldsItTogetherEndsWithIt) {
    int rounds = 0;
    const Outcome outcome = run(shell("echo ready; exec sleep 1000"), {},
                                [&](ChildProcess& child, const std::string& output) {
                                    if (output == "ready\n" && rounds++ == 0) child.terminate();
                                });
    EXPECT_EQ(outcome.exit.signal, SIGTERM);
}

TEST_F(ChildProcessTest, WhatIsLeftOfTheGroupMayTidyUpAfterSigterm) {
    bool told = false;
    // The child of the shell outlives it and still writes.
    const Outcome outcome =
        run(shell("sh -c 'trap \"sleep 0.1; echo tidy; exit 0\" TERM; echo ready; "
                  "while :; do sleep 0.02; done'; echo never"),
            {}, [&](ChildProcess& child, const std::string& output) {
                if (output == "ready\n" && !std::exchange(told, true)) child.terminate();
            });
    EXPECT_EQ(outcome.exit.signal, SIGTERM);
    EXPECT_EQ(outcome.output, "ready\ntidy\n");
}

TEST_F(ChildProcessTest, KillEndsWhatIgnoresSigterm) {
    bool told = false;
    const Outcome outcome = run(shell("trap '' TERM; echo ready; sleep 1000"), {},
                                [&](ChildProcess& child, const std::string& output) {
                                    if (output != "ready\n" || std::exchange(told, true)) return;
                                    child.terminate();
                                    child.kill();
                                });
    EXPECT_EQ(outcome.exit.signal, SIGKILL);
}

TEST_F(ChildProcessTest, OnlyTheGivenVariablesArePassedOn) {
    EXPECT_EQ(run({{"/usr/bin/env"}, {"A=1", "B=two words"}, {}, {}}).output, "A=1\nB=two words\n");
}

TEST_F(ChildProcessTest, OnlyStandardDescriptorsArePassedOn) {
    const int leaked = ::dup(0);                                      // without O_CLOEXEC
    EXPECT_EQ(run(shell("ls /proc/self/fd | wc -l")).output, "4\n");  // ls has the folder open
    ::close(leaked);
}

TEST_F(ChildProcessTest, SignalsThatThisProcessIgnoresAreNotIgnoredByTheChild) {
    // `yes` would not end with a write error but with SIGPIPE.
    EXPECT_EQ(run(shell("yes | head -1; kill -PIPE $$; echo survived")).exit.signal, SIGPIPE);
}

TEST_F(ChildProcessTest, ItRunsInItsDirectory) {
    ChildOptions options{{"/bin/pwd"}, {}, "/usr/lib", {}};
    EXPECT_EQ(run(options).output, "/usr/lib\n");
}

TEST_F(ChildProcessTest, MemoryIsLimitedFromTheBeginning) {
    ChildOptions options = shell("ulimit -v; echo \"$0\" \"$1\"");
    options.argv.insert(options.argv.end(), {"a b", "$(reboot)"});
    options.memory_bytes = 64U << 20U;
    EXPECT_EQ(run(options).output, "65536\na b $(reboot)\n");
}

TEST_F(ChildProcessTest, ACommandThatDoesNotExistIsAnError) {
    const auto child = ChildProcess::start(loops()[0], {{"/no/such/program"}, {}, {}, {}});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(child.error().message, "the command cannot be started: No such file or directory");
}

TEST(FindProgram, LooksThroughThePath) {
    EXPECT_THAT(find_program("sh"), HasSubstr("/sh"));
    EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
    EXPECT_EQ(find_program("no-such-program-anywhere"), "");
    EXPECT_EQ(find_program(""), "");
    EXPECT_EQ(find_program("/no/such/program"), "");
}

}  // namespace
}  // namespace a2akit::serve
