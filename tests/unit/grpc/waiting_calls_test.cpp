#include "grpc/waiting_calls.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace a2akit::rpc {
namespace {

struct Call final : WaitingCalls::Entry {
    void give_up() noexcept override { ++given_up; }
    int given_up = 0;
};

SteadyTime at(int seconds) { return SteadyTime(std::chrono::seconds(seconds)); }

TEST(WaitingCalls, OnlyThoseThatAreTooOldAreGivenUpAndOnlyOnce) {
    WaitingCalls calls;
    Call first, second, third;
    calls.add(first, at(1));
    calls.add(second, at(2));
    calls.add(third, at(3));
    calls.give_up_those_before(at(1));
    EXPECT_EQ(first.given_up, 0);
    calls.give_up_those_before(at(3));
    calls.give_up_those_before(at(3));
    EXPECT_EQ(first.given_up, 1);
    EXPECT_EQ(second.given_up, 1);
    EXPECT_EQ(third.given_up, 0);
    for (Call* call : {&first, &second, &third}) calls.remove(*call);
}

TEST(WaitingCalls, RemovedCallsAreLeftAloneWhereverTheyStandInTheList) {
    for (int removed = 0; removed < 3; ++removed) {
        WaitingCalls calls;
        Call all[3];
        for (Call& call : all) calls.add(call, at(1));
        calls.remove(all[removed]);
        calls.remove(all[removed]);
        calls.give_up_those_before(at(2));
        for (int i = 0; i < 3; ++i) EXPECT_EQ(all[i].given_up, i == removed ? 0 : 1);
    }
}

/// Waits for something else once it is given up.
struct PatientCall final : WaitingCalls::Entry {
    explicit PatientCall(WaitingCalls& calls) noexcept : next(calls) {}
    void give_up() noexcept override {
        if (given_up++ == 0) next.add(*this, at(5));
    }
    WaitingCalls& next;
    int given_up = 0;
};

TEST(WaitingCalls, ACallThatWentOnToAnotherListIsNotTakenOutOfThat) {
    WaitingCalls before, after;
    PatientCall call(after);
    before.add(call, at(1));
    before.give_up_those_before(at(2));
    before.remove(call);  // as a read that ends meanwhile does
    after.give_up_those_before(at(6));
    EXPECT_EQ(call.given_up, 2);
    after.remove(call);
}

}  // namespace
}  // namespace a2akit::rpc
