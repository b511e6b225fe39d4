#include "unit/worker/recording_context.hpp"

#include <a2akit/testing/manual_loop.hpp>
#include <a2akit/worker/blocking_worker.hpp>

#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <functional>
#include <iterator>
#include <latch>
#include <regex>
#include <set>
#include <system_error>
#include <thread>

namespace a2akit {
namespace {

using testing::ManualLoop;
using Calls = std::vector<std::string>;

class FunctionWorker final : public BlockingWorker {
public:
    explicit FunctionWorker(std::function<void(BlockingTaskContext&)> body, std::size_t threads = 1)
        : BlockingWorker(threads), body_(std::move(body)) {}
    void handle(BlockingTaskContext& ctx) override { body_(ctx); }

private:
    std::function<void(BlockingTaskContext&)> body_;
};

Async<void> handle(Worker& worker, TaskContext& context, std::exception_ptr& thrown) {
    try {
        co_await worker.handle(context);
    } catch (const std::exception&) {
        thrown = std::current_exception();
    }
}

// The handlers' threads post to the loop whenever they like; the loop's thread looks until all have
// ended.
void run_until_empty(ManualLoop& loop, const TaskGroup& group) {
    while (group.size() != 0) {
        loop.run_ready();
        std::this_thread::yield();
    }
}

void run(ManualLoop& loop, Worker& worker, RecordingContext& context) {
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    run_until_empty(loop, group);
    if (thrown) std::rethrow_exception(thrown);
}

TEST(BlockingWorkerTest, CallsAreCarriedOutOnTheLoop) {
    ManualLoop loop;
    RecordingContext context(loop);
    FunctionWorker worker([&](BlockingTaskContext& ctx) {
        EXPECT_EQ(Loop::current(), nullptr) << "the handler has a thread of its own";
        EXPECT_EQ(ctx.user_text(), "hello");
        ctx.send_status("on it");
        ctx.emit_text_artifact("part");
        EXPECT_EQ(ctx.load_context().text(), R"({"n":1})");
        ctx.complete("done");
    });
    run(loop, worker, context);
    EXPECT_EQ(context.calls, (Calls{"send_status", "emit_text_artifact", "load_context",
                                    "complete done final-answer"}));
}

TEST(BlockingWorkerTest, EveryCallReachesItsCounterpart) {
    ManualLoop loop;
    RecordingContext context(loop);
    FunctionWorker worker([](BlockingTaskContext& ctx) {
        ctx.save_checkpoint({});
        ctx.update_context({});
        ctx.emit_artifact({});
        ctx.emit_data_artifact({});
        ctx.complete_json({});
        ctx.respond("");
        ctx.reply_directly("");
        ctx.reply_directly(std::vector<Part>{});
        ctx.fail("");
        ctx.reject("");
        ctx.request_input("");
        ctx.request_auth({});
    });
    run(loop, worker, context);
    EXPECT_EQ(context.calls,
              (Calls{"save_checkpoint", "update_context", "emit_artifact", "emit_data_artifact",
                     "complete_json", "respond", "reply_directly text", "reply_directly parts",
                     "fail", "reject", "request_input", "request_auth"}));
}

TEST(BlockingWorkerTest, AnExceptionOfACallIsThrownInTheHandler) {
    ManualLoop loop;
    RecordingContext context(loop);
    context.refuse = true;
    bool caught = false;
    FunctionWorker worker([&](BlockingTaskContext& ctx) {
        try {
            ctx.send_status("on it");
        } catch (const Exception& e) {
            caught = e.code() == ErrorCode::kTaskTerminal;
        }
    });
    run(loop, worker, context);
    EXPECT_TRUE(caught);
}

TEST(BlockingWorkerTest, AnExceptionOfTheHandlerReachesTheAdapter) {
    ManualLoop loop;
    RecordingContext context(loop);
    FunctionWorker worker([](BlockingTaskContext&) { throw std::runtime_error("no model"); });
    EXPECT_THROW(run(loop, worker, context), std::runtime_error);
}

TEST(BlockingWorkerTest, CancelledBlocksUntilTheTaskIs) {
    ManualLoop loop;
    RecordingContext context(loop);
    FunctionWorker worker([](BlockingTaskContext& ctx) {
        ctx.respond("waiting");
        ctx.cancelled();
        EXPECT_TRUE(ctx.is_cancelled());
    });
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    while (context.calls.empty()) {
        loop.run_ready();
        std::this_thread::yield();
    }
    context.stop.set();
    run_until_empty(loop, group);
    EXPECT_FALSE(thrown);
}

TEST(BlockingWorkerTest, CancelledWithinSaysWhetherTheTaskIs) {
    ManualLoop loop;
    RecordingContext context(loop);
    std::vector<bool> said;
    FunctionWorker worker([&](BlockingTaskContext& ctx) {
        ctx.respond("waiting");
        said.push_back(ctx.cancelled_within(std::chrono::hours(1)));
        ctx.respond("still waiting");
        said.push_back(ctx.cancelled_within(std::chrono::hours(1)));
    });
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    while (context.calls.size() < 2) {
        loop.advance(std::chrono::minutes(10));
        std::this_thread::yield();
    }
    context.stop.set();
    run_until_empty(loop, group);
    EXPECT_EQ(said, (std::vector<bool>{false, true}));
    EXPECT_FALSE(thrown);
}

TEST(BlockingWorkerTest, AsManyRunAtOnceAsThereAreThreads) {
    ManualLoop loop;
    std::deque<RecordingContext> contexts;
    std::latch both_run(2);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> handled{0};
    FunctionWorker worker(
        [&](BlockingTaskContext&) {
            const int now = ++running;
            for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
            }
            if (handled++ < 2) both_run.arrive_and_wait();
            --running;
        },
        2);
    std::exception_ptr thrown;
    TaskGroup group;
    for (int i = 0; i < 6; ++i) group.spawn(handle(worker, contexts.emplace_back(loop), thrown));
    run_until_empty(loop, group);
    EXPECT_EQ(handled, 6);
    EXPECT_EQ(most, 2);
}

TEST(BlockingWorkerTest, WhatIsCancelledWhileItWaitsForAThreadIsNeverBegun) {
    ManualLoop loop;
    RecordingContext context(loop);
    RecordingContext waiting(loop);
    std::latch begun(1);
    std::latch may_end(1);
    std::atomic<int> handled{0};
    FunctionWorker worker([&](BlockingTaskContext&) {
        ++handled;
        begun.count_down();
        may_end.wait();
    });
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    begun.wait();
    group.spawn(handle(worker, waiting, thrown));
    waiting.stop.set();
    may_end.count_down();
    run_until_empty(loop, group);
    EXPECT_EQ(handled, 1);
}

TEST(BlockingWorkerTest, WhatIsCancelledWhileItWaitsForAThreadEndsBeforeOneIsFree) {
    ManualLoop loop;
    RecordingContext context(loop);
    RecordingContext waiting(loop);
    RecordingContext behind(loop);
    std::latch begun(1);
    std::latch may_end(1);
    std::atomic<int> handled{0};
    FunctionWorker worker([&](BlockingTaskContext&) {
        ++handled;
        begun.count_down();
        may_end.wait();
    });
    std::exception_ptr thrown;
    TaskGroup group;
    TaskGroup cancelled;
    group.spawn(handle(worker, context, thrown));
    begun.wait();
    cancelled.spawn(handle(worker, waiting, thrown));
    group.spawn(handle(worker, behind, thrown));
    loop.run_ready();
    EXPECT_EQ(cancelled.size(), 1U);
    waiting.stop.set();
    loop.run_ready();
    EXPECT_EQ(cancelled.size(), 0U) << "all threads are busy";
    may_end.count_down();
    run_until_empty(loop, group);
    EXPECT_EQ(handled, 2);
    EXPECT_FALSE(thrown);
}

TEST(BlockingWorkerTest, AHandlerThatWaitedForAThreadCanWaitForItsCancel) {
    ManualLoop loop;
    RecordingContext context(loop);
    RecordingContext waiting(loop);
    std::latch begun(1);
    std::latch may_end(1);
    std::atomic<bool> first{true};
    FunctionWorker worker([&](BlockingTaskContext& ctx) {
        if (first.exchange(false)) {
            begun.count_down();
            may_end.wait();
            return;
        }
        ctx.respond("waiting");
        ctx.cancelled();
        EXPECT_TRUE(ctx.is_cancelled());
    });
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    begun.wait();
    group.spawn(handle(worker, waiting, thrown));
    may_end.count_down();
    while (waiting.calls.empty()) {
        loop.run_ready();
        std::this_thread::yield();
    }
    waiting.stop.set();
    run_until_empty(loop, group);
    EXPECT_FALSE(thrown);
}

/// While it lives no thread can be started: none has room for a stack of that size.
class NoMoreThreads {
public:
    NoMoreThreads() {
        pthread_getattr_default_np(&former_);
        pthread_attr_t huge;
        pthread_getattr_default_np(&huge);
        pthread_attr_setstacksize(&huge, std::size_t{1} << 60);
        pthread_setattr_default_np(&huge);
        pthread_attr_destroy(&huge);
    }
    NoMoreThreads(const NoMoreThreads&) = delete;
    NoMoreThreads& operator=(const NoMoreThreads&) = delete;
    ~NoMoreThreads() {
        pthread_setattr_default_np(&former_);
        pthread_attr_destroy(&former_);
    }

private:
    pthread_attr_t former_{};
};

TEST(BlockingWorkerTest, WithoutAnyThreadTheCallFailsAndLeavesNothingBehind) {
    ManualLoop loop;
    RecordingContext context(loop);
    std::atomic<int> handled{0};
    FunctionWorker worker([&](BlockingTaskContext&) { ++handled; });
    {
        const NoMoreThreads none;
        EXPECT_THROW(run(loop, worker, context), std::system_error);
    }
    run(loop, worker, context);
    EXPECT_EQ(handled, 1);
}

TEST(BlockingWorkerTest, WhenNoFurtherThreadStartsTheTaskWaitsForOneThatRuns) {
    ManualLoop loop;
    RecordingContext context(loop);
    std::latch begun(1);
    std::latch may_end(1);
    std::atomic<int> handled{0};
    FunctionWorker worker(
        [&](BlockingTaskContext&) {
            if (handled++ != 0) return;
            begun.count_down();
            may_end.wait();
        },
        2);
    std::exception_ptr thrown;
    TaskGroup group;
    group.spawn(handle(worker, context, thrown));
    begun.wait();
    {
        const NoMoreThreads none;
        group.spawn(handle(worker, context, thrown));
    }
    EXPECT_EQ(group.size(), 2U);
    may_end.count_down();
    run_until_empty(loop, group);
    EXPECT_EQ(handled, 2);
    EXPECT_FALSE(thrown);
}

// -- Both contexts offer the same calls

std::string class_body(const std::string& header, const std::string& name) {
    std::ifstream file(std::string(A2AKIT_INCLUDE_DIR) + "/a2akit/worker/" + header);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    text = std::regex_replace(text, std::regex("//[^\n]*"), "");
    const auto begin = text.find("class " + name + " {");
    const auto end = text.find("\n};", begin);
    if (begin == std::string::npos || end == std::string::npos) return {};
    text = text.substr(begin, end - begin);
    text = text.substr(text.find("public:") + 7);
    return text.substr(0, text.find("private:"));
}

// "void complete(std::optional<std::string> text = std::nullopt, …)" of every public function.
std::set<std::string> declarations(std::string body) {
    body = std::regex_replace(body, std::regex(R"(\{[^}]*\})"), ";");
    body = std::regex_replace(body, std::regex(R"(\[\[nodiscard\]\]|\bvirtual\b|\bnoexcept\b|= 0)"),
                              "");
    body = std::regex_replace(body, std::regex(R"(Async<(\w+)>)"), "$1");
    body = std::regex_replace(body, std::regex(R"(\s+)"), " ");
    std::set<std::string> found;
    std::size_t at = 0;
    for (auto end = body.find(';'); end != std::string::npos;
         at = end + 1, end = body.find(';', at)) {
        std::string one = body.substr(at, end - at);
        one.erase(0, one.find_first_not_of(' '));
        one.erase(one.find_last_not_of(' ') + 1);
        const bool special =
            one.find('~') != std::string::npos || one.find("explicit") != std::string::npos;
        if (!one.empty() && !special) found.insert(one);
    }
    return found;
}

TEST(BlockingTaskContextTest, OffersTheSameCallsAsTaskContext) {
    const auto contexts = declarations(class_body("task_context.hpp", "TaskContext"));
    const auto blocking = declarations(class_body("blocking_worker.hpp", "BlockingTaskContext"));
    EXPECT_GT(contexts.size(), 35U) << "the header is no longer read as it is written";
    EXPECT_EQ(contexts, blocking);
}

}  // namespace
}  // namespace a2akit
