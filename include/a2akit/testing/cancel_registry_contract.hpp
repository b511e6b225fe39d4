#pragma once

#include <a2akit/cancel/cancel_registry.hpp>
#include <a2akit/testing/contract_case.hpp>

#include <memory>
#include <vector>

namespace a2akit::testing {

/// The harness that a backend supplies to run CancelRegistryContract.
class CancelRegistryHarness : public PortHarness {
public:
    /// The registry under test, made by the first call.
    [[nodiscard]] virtual CancelRegistry& registry() = 0;
    /// The registry of another node of the same system; the same one, where there is only one
    /// process.
    [[nodiscard]] virtual CancelRegistry& other_node() { return registry(); }
};

/// The behaviour of every CancelRegistry. Include in one source file per backend and instantiate;
/// see ContractCase.
class CancelRegistryContract
    : public ::testing::TestWithParam<ContractCase<CancelRegistryHarness>> {
protected:
    void SetUp() override { EXPECT_TRUE(ok(loop_.await(registry().start()))); }
    void TearDown() override { EXPECT_TRUE(ok(loop_.await(registry().stop(loop_.now())))); }

    CancelRegistry& registry() { return harness_->registry(); }

    std::unique_ptr<CancelScope> watch(TaskId task) {
        auto scope = loop_.await(registry().watch(task));
        EXPECT_TRUE(ok(scope));
        return std::move(*scope);
    }
    void request_cancel(CancelRegistry& from, TaskId task) {
        EXPECT_TRUE(ok(loop_.await(from.request_cancel(task))));
        loop_.advance(harness_->latency());
    }
    void forget(TaskId task) { EXPECT_TRUE(ok(loop_.await(registry().forget(task)))); }

    std::unique_ptr<CancelRegistryHarness> harness_ = GetParam().make();
    ManualLoop loop_{harness_->clock(), [this] { return harness_->busy(); }};
    const TaskId task_ = TaskId::generate();
};

inline Async<void> note_cancel(CancelScope& scope, bool& seen) {
    co_await scope.signal().wait();
    seen = scope.is_cancelled();
}

TEST_P(CancelRegistryContract, ASignalSentWhileWatchingIsSeen) {
    const auto scope = watch(task_);
    EXPECT_FALSE(scope->is_cancelled());
    EXPECT_FALSE(scope->signal().is_set());
    request_cancel(registry(), task_);
    EXPECT_TRUE(scope->is_cancelled());
    EXPECT_TRUE(scope->signal().is_set());
}

TEST_P(CancelRegistryContract, ASignalSentBeforeWatchingIsStillSeen) {
    request_cancel(registry(), task_);
    const auto scope = watch(task_);
    EXPECT_TRUE(scope->is_cancelled());
    EXPECT_TRUE(scope->signal().is_set());
}

TEST_P(CancelRegistryContract, ASignalSentOnAnotherNodeIsSeenHere) {
    const auto before = watch(task_);
    request_cancel(harness_->other_node(), task_);
    EXPECT_TRUE(before->is_cancelled());
    EXPECT_TRUE(watch(task_)->is_cancelled());
}

TEST_P(CancelRegistryContract, ASignalResumesWhoWaits) {
    const auto scope = watch(task_);
    bool seen = false;
    TaskGroup group;
    group.spawn(note_cancel(*scope, seen));
    request_cancel(registry(), task_);
    EXPECT_TRUE(seen);
}

TEST_P(CancelRegistryContract, ASignalStaysForEveryLaterWatcher) {
    request_cancel(registry(), task_);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(watch(task_)->is_cancelled());
}

TEST_P(CancelRegistryContract, CancellingTwiceIsCancellingOnce) {
    const auto scope = watch(task_);
    request_cancel(registry(), task_);
    request_cancel(registry(), task_);
    EXPECT_TRUE(scope->is_cancelled());
    forget(task_);
    EXPECT_FALSE(watch(task_)->is_cancelled()) << "one forget drops it, however often it was sent";
}

TEST_P(CancelRegistryContract, OnlyTheTaskMeantIsCancelled) {
    const auto other = watch(TaskId::generate());
    request_cancel(registry(), task_);
    EXPECT_FALSE(other->is_cancelled());
    EXPECT_FALSE(other->signal().is_set());
    EXPECT_FALSE(watch(TaskId::generate())->is_cancelled());
}

TEST_P(CancelRegistryContract, EveryWatcherOfATaskIsSignalled) {
    std::vector<std::unique_ptr<CancelScope>> scopes;
    for (int i = 0; i < 10; ++i) scopes.push_back(watch(task_));
    request_cancel(registry(), task_);
    for (const auto& scope : scopes) EXPECT_TRUE(scope->is_cancelled());
}

TEST_P(CancelRegistryContract, AForgottenSignalIsGone) {
    request_cancel(registry(), task_);
    forget(task_);
    const auto scope = watch(task_);
    EXPECT_FALSE(scope->is_cancelled());
    EXPECT_FALSE(scope->signal().is_set());
}

TEST_P(CancelRegistryContract, ForgettingTakesNothingBackFromWhoSawIt) {
    const auto scope = watch(task_);
    request_cancel(registry(), task_);
    forget(task_);
    EXPECT_TRUE(scope->is_cancelled());
}

TEST_P(CancelRegistryContract, ForgettingOneTaskKeepsTheSignalsOfOthers) {
    const TaskId other = TaskId::generate();
    request_cancel(registry(), task_);
    request_cancel(registry(), other);
    forget(other);
    forget(TaskId::generate());
    EXPECT_TRUE(watch(task_)->is_cancelled());
}

TEST_P(CancelRegistryContract, ATaskMayBeCancelledAgainAfterItWasForgotten) {
    request_cancel(registry(), task_);
    forget(task_);
    const auto scope = watch(task_);
    request_cancel(registry(), task_);
    EXPECT_TRUE(scope->is_cancelled());
}

TEST_P(CancelRegistryContract, AnEndedScopeIsNotTouchedAnyMore) {
    watch(task_).reset();
    request_cancel(registry(), task_);
    EXPECT_TRUE(watch(task_)->is_cancelled());
}

TEST_P(CancelRegistryContract, ManyTasksAreKeptApart) {
    std::vector<TaskId> tasks;
    std::vector<std::unique_ptr<CancelScope>> scopes;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(TaskId::generate());
        scopes.push_back(watch(tasks.back()));
    }
    for (std::size_t i = 0; i < tasks.size(); i += 3) request_cancel(registry(), tasks[i]);
    for (std::size_t i = 0; i < tasks.size(); ++i) EXPECT_EQ(scopes[i]->is_cancelled(), i % 3 == 0);
}

TEST_P(CancelRegistryContract, AStartedRegistryIsReady) {
    EXPECT_TRUE(ok(loop_.await(registry().check())));
}

}  // namespace a2akit::testing
