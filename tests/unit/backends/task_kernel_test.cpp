#include "backends/common/task_kernel.hpp"

#include <a2akit/testing/task_case_table.hpp>
#include <a2akit/testing/task_cases.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace a2akit::testing {
namespace {

namespace kernel = backends::kernel;

/// A task that is nothing but its head: what an engine does with the rules, without storing.
class KernelDriver final : public TaskDriver {
public:
    Result<Appended> create(bool revealed, TaskUpdate update) override {
        head_.revealed = revealed;
        return apply(update, true);
    }
    Result<Appended> append(TaskUpdate update) override {
        if (update.id == last_.first) {
            Appended again = last_.second;
            again.repeated = true;
            return again;
        }
        if (auto refused = kernel::refuse(head_, id_, update, now())) return std::move(*refused);
        return apply(update, false);
    }
    Result<Claimed> claim(WriteId id, Turn turn, NodeId) override {
        auto claimed = kernel::claim(head_, id_, id, turn, kLease, now());
        if (const auto* refused = std::get_if<Refusal>(&claimed)) return Claimed(*refused);
        Run run;
        run.epoch = head_.epoch;
        run.attempt = head_.attempts;
        run.appended = std::get<kernel::Effects>(claimed).appended;
        return Claimed(std::move(run));
    }
    std::optional<Turn> release(Epoch epoch, Release how, Timestamp not_before) override {
        return kernel::release(head_, epoch, how, not_before, now());
    }
    void renew(NodeId) override {
        if (head_.run) head_.run->lease_until = head_.run->look = now() + kLease;
    }
    std::vector<Due> due() override {
        std::vector<Due> found;
        while (!head_.has_ended() && kernel::next_look(head_) <= now()) {
            if (const auto one = kernel::look(head_, id_, now())) found.push_back(*one);
        }
        return found;
    }
    TaskSnapshot state() override {
        TaskSnapshot task;
        task.id = id_;
        task.status.state = head_.state;
        task.revealed = head_.revealed;
        task.revision = head_.revision;
        task.last_sequence = head_.last;
        task.turn = head_.turn;
        task.turn_ended = head_.turn_ended;
        task.epoch = head_.epoch;
        task.live_run = head_.live_run(now());
        task.cancel_by = head_.cancel_by;
        return task;
    }
    std::string dead_letter() override { return dead_letter_; }
    Timestamp now() override { return now_; }
    void advance(Duration by) override { now_ += by; }

private:
    Appended apply(const TaskUpdate& update, bool creates) {
        const kernel::Effects effects = kernel::apply(head_, id_, update, creates, now());
        if (effects.dead_letter) dead_letter_ = *update.dead_letter;
        last_ = {update.id, effects.appended};
        return effects.appended;
    }

    const TaskId id_ = TaskId::generate();
    kernel::TaskHead head_;
    std::pair<WriteId, Appended> last_;
    std::string dead_letter_;
    Timestamp now_{std::chrono::hours(1)};
};

TEST(TaskKernel, EveryCaseOfTheTableHolds) {
    const int cases = for_each_task_case([](const TaskCaseRow& row) {
        KernelDriver driver;
        EXPECT_EQ(TaskCase(driver).run(row.situation, row.operation), row.expected)
            << row.situation << ": " << row.operation;
    });
    EXPECT_GE(cases, 350) << "the table has lost cases, or is not read to its end";
}

TEST(TaskKernel, TheNextLookComesLaterAndLaterUpToHalfAMinute) {
    std::string seconds;
    for (int looks = 0; looks < 8; ++looks)
        seconds += std::to_string(kernel::until_next_look(looks) / std::chrono::seconds(1)) + " ";
    EXPECT_EQ(seconds, "1 2 4 8 16 30 30 30 ");
}

TEST(TaskKernel, ANodeIsToldOfTheRunThatItLost) {
    const TaskId task = TaskId::generate();
    const Timestamp now{std::chrono::hours(1)};
    kernel::TaskHead running;
    running.turn = 1;
    running.state = TaskState::kWorking;
    running.epoch = 1;
    running.run = kernel::RunHead{1, WriteId::next(), now + std::chrono::seconds(1), now};
    const auto lost = [&](TaskUpdate update) {
        kernel::TaskHead head = running;
        return kernel::apply(head, task, update, false, now).run_lost;
    };
    TaskUpdate end;
    end.status = TaskStatus{TaskState::kFailed, {}, {}};
    EXPECT_TRUE(lost(end)) << "somebody else has ended its task";
    end.guard.epoch = 1;
    EXPECT_FALSE(lost(end)) << "the run itself has ended the task";
    end.raise_epoch = true;
    EXPECT_TRUE(lost(end)) << "the end was forced";

    const auto taken_over = [&](Turn of_run) {
        kernel::TaskHead head = running;
        head.run->turn = of_run;
        const auto claimed = kernel::claim(head, task, WriteId::next(), 1, std::chrono::seconds(15),
                                           now + std::chrono::seconds(2));
        return std::get<kernel::Effects>(claimed).run_lost;
    };
    EXPECT_TRUE(taken_over(1));
    EXPECT_FALSE(taken_over(0)) << "its turn had ended already";
}

TEST(TaskKernel, ADirectReplyIsKeptForAsLongAsItsIdempotencyKey) {
    const TaskId task = TaskId::generate();
    const Timestamp now{std::chrono::hours(1)};
    kernel::TaskHead hidden;
    hidden.revealed = false;
    TaskUpdate update;
    update.status = TaskStatus{TaskState::kSubmitted, {}, {}};
    update.once.emplace();
    update.once->lifetime = std::chrono::hours(3);
    EXPECT_EQ(kernel::apply(hidden, task, update, true, now).keep_reply_until,
              now + std::chrono::hours(3));
    TaskUpdate reply;
    reply.reply = Shared<Message>(Message{});
    EXPECT_EQ(kernel::apply(hidden, task, reply, false, now).keep_reply_until,
              now + std::chrono::hours(24))
        << "for a task without a key";
    kernel::TaskHead visible;
    EXPECT_FALSE(kernel::apply(visible, task, update, true, now).keep_reply_until);
}

TEST(TaskKernel, ErasingTakesOldTasksAndThoseInExcessOfTheLimit) {
    const Timestamp time{std::chrono::hours(1)};
    EraseQuery query;
    query.ended_before = time;
    query.keep_at_most = 8;
    kernel::Erasing erasing(query, 9);
    EXPECT_TRUE(erasing.takes(time - Duration(1), false));
    EXPECT_FALSE(erasing.takes(time, false)) << "a direct reply does not count";
    EXPECT_TRUE(erasing.takes(time, true));
    erasing.took(true);
    EXPECT_FALSE(erasing.takes(time, true));
}

}  // namespace
}  // namespace a2akit::testing
