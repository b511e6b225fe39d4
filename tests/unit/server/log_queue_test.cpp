#include "server/log_queue.hpp"

#include "runtime/runs/task_logger.hpp"
#include "server/logging.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/logger.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <semaphore>
#include <string>
#include <vector>

namespace a2akit {
namespace {

using ::testing::ElementsAre;

/// Keeps what it is given. Its first line waits until `open` is released.
class SlowSink final : public spdlog::sinks::sink {
public:
    void log(const spdlog::details::log_msg& message) override {
        if (lines.empty()) {
            reached.release();
            open.acquire();
        }
        lines.emplace_back(message.payload.data(), message.payload.size());
        if (lines.back() == "no memory") throw std::bad_alloc();
    }
    void flush() override { lines.emplace_back("(flush)"); }
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    std::binary_semaphore reached{0}, open{0};
    std::vector<std::string> lines;  ///< For the test after close().
};

class LogQueueTest : public ::testing::Test {
protected:
    /// The first line has reached the sink, and is held there.
    void make(std::size_t most) {
        queue = std::make_shared<LogQueue>(sink, most);
        log = std::make_unique<spdlog::logger>("", queue);
        log->info("first");
        sink->reached.acquire();
    }

    std::shared_ptr<SlowSink> sink = std::make_shared<SlowSink>();
    std::shared_ptr<LogQueue> queue;
    std::unique_ptr<spdlog::logger> log;
};

TEST_F(LogQueueTest, LinesAndFlushesArePassedOnInOrderAndTheLastOnesWhenItIsClosed) {
    make(10);
    log->info("second");
    log->flush();
    log->info("third");
    sink->open.release();
    queue->close();
    EXPECT_THAT(sink->lines, ElementsAre("first", "second", "(flush)", "third"));
    EXPECT_EQ(queue->lost(), 0U);
}

TEST_F(LogQueueTest, TheOldestLinesAreLostAndCountedWhenMoreComeThanMayWait) {
    make(2);
    for (const char* line : {"second", "third", "fourth", "fifth"}) log->info(line);
    EXPECT_EQ(queue->lost(), 2U);
    sink->open.release();
    queue->close();
    EXPECT_THAT(sink->lines, ElementsAre("first", "fourth", "fifth"));
}

TEST_F(LogQueueTest, TakesNoMemoryForLinesThatMayStillCome) {
    make(SIZE_MAX);
    sink->open.release();
    queue->close();
    EXPECT_THAT(sink->lines, ElementsAre("first"));
}

TEST_F(LogQueueTest, ALineThatTheSinkCannotTakeIsLostAndTheNextOneIsPassedOn) {
    make(10);
    log->info("no memory");
    log->info("third");
    sink->open.release();
    queue->close();
    EXPECT_THAT(sink->lines, ElementsAre("first", "no memory", "third"));
    EXPECT_EQ(queue->lost(), 1U);
}

TEST_F(LogQueueTest, ALineThatComesAfterTheEndIsNotPassedOn) {
    make(10);
    sink->open.release();
    queue->close();
    log->info("late");
    queue->close();
    EXPECT_THAT(sink->lines, ElementsAre("first"));
}

/// A pipe in place of stderr, as full as it can be.
class FullStderr {
public:
    FullStderr() : former_(::dup(STDERR_FILENO)) {
        if (::pipe(ends_.data()) != 0) throw std::bad_alloc();
        ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
        while (::write(ends_[1], "x", 1) == 1) {
        }
        ::fcntl(ends_[1], F_SETFL, 0);
        ::dup2(ends_[1], STDERR_FILENO);
    }
    ~FullStderr() {
        ::dup2(former_, STDERR_FILENO);
        for (const int file : {former_, ends_[0], ends_[1]}) ::close(file);
    }
    FullStderr(const FullStderr&) = delete;
    FullStderr& operator=(const FullStderr&) = delete;

    void read_up_to(const std::string& text) {
        std::string all;
        std::array<char, 4096> some{};
        while (all.find(text) == std::string::npos) {
            const ssize_t size = ::read(ends_[0], some.data(), some.size());
            if (size <= 0) return;
            all.append(some.data(), static_cast<std::size_t>(size));
        }
    }

private:
    int former_;
    std::array<int, 2> ends_{};
};

// It would never return, were the line written where it is logged.
TEST(ServerLogTest, AHandlerThatLogsDoesNotWaitForAReaderOfStderr) {
    FullStderr full;
    const ServerLog log("info");
    make_task_logger("task=1")->info("said");
    full.read_up_to("task=1 msg=\"said\"\n");
}

}  // namespace
}  // namespace a2akit
