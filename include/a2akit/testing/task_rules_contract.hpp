#pragma once

#include <a2akit/testing/storage_fixture.hpp>
#include <a2akit/testing/task_case_table.hpp>
#include <a2akit/testing/task_cases.hpp>

namespace a2akit::testing {

/// The rules of a task, case by case: every Storage follows the table in task_case_table.hpp.
class TaskRulesContract : public StorageFixture {
protected:
    class StorageDriver final : public TaskDriver {
    public:
        explicit StorageDriver(TaskRulesContract& test) : test_(test) {}
        ~StorageDriver() override {
            // Later sweeps find nothing of this task.
            TaskUpdate end = with_status(TaskState::kFailed);
            (void)test_.loop_.await(test_.storage().append(task_.id, test_.all_, std::move(end)));
        }
        StorageDriver(const StorageDriver&) = delete;
        StorageDriver& operator=(const StorageDriver&) = delete;

        Result<Appended> create(bool revealed, TaskUpdate update) override {
            task_.revealed = revealed;
            auto created =
                test_.loop_.await(test_.storage().create(task_, test_.alice_, std::move(update)));
            if (!created) return fail(std::move(created.error()));
            return created->appended;
        }
        Result<Appended> append(TaskUpdate update) override {
            return test_.loop_.await(
                test_.storage().append(task_.id, test_.all_, std::move(update)));
        }
        Result<Claimed> claim(WriteId id, Turn turn, NodeId node) override {
            return test_.loop_.await(test_.storage().claim(id, task_.id, turn, node, kLease));
        }
        std::optional<Turn> release(Epoch epoch, Release how, Timestamp not_before) override {
            return test_.release(task_.id, epoch, how, not_before);
        }
        void renew(NodeId node) override { test_.renew(node); }
        std::vector<Due> due() override {
            std::vector<Due> found = test_.due();
            std::erase_if(found, [this](const Due& one) { return one.task != task_.id; });
            return found;
        }
        TaskSnapshot state() override { return test_.load(task_.id); }
        std::string dead_letter() override {
            for (const DeadLetter& letter :
                 test_.must(test_.maintenance().dead_letters({}, 1000))) {
                if (letter.task == task_.id) return letter.reason;
            }
            return {};
        }
        Timestamp now() override { return test_.now(); }
        void advance(Duration by) override { test_.advance(by); }

    private:
        TaskRulesContract& test_;
        NewTask task_ = fresh_task();
    };
};

TEST_P(TaskRulesContract, EveryCaseOfTheTableHolds) {
    for_each_task_case([this](const TaskCaseRow& row) {
        StorageDriver driver(*this);
        EXPECT_EQ(TaskCase(driver).run(row.situation, row.operation), row.expected)
            << row.situation << ": " << row.operation;
    });
}

}  // namespace a2akit::testing
