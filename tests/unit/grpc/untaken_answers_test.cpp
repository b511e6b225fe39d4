#include "grpc/untaken_answers.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace a2akit::rpc {
namespace {

struct Answer final : UntakenAnswers::Entry {
    void cancel() noexcept override { ++cancelled; }
    int cancelled = 0;
};

SteadyTime at(int seconds) { return SteadyTime(std::chrono::seconds(seconds)); }

TEST(UntakenAnswers, OnlyThoseThatAreTooOldAreCancelledAndOnlyOnce) {
    UntakenAnswers answers;
    Answer first, second, third;
    answers.add(first, at(1));
    answers.add(second, at(2));
    answers.add(third, at(3));
    answers.cancel_those_before(at(1));
    EXPECT_EQ(first.cancelled, 0);
    answers.cancel_those_before(at(3));
    answers.cancel_those_before(at(3));
    EXPECT_EQ(first.cancelled, 1);
    EXPECT_EQ(second.cancelled, 1);
    EXPECT_EQ(third.cancelled, 0);
    for (Answer* answer : {&first, &second, &third}) answers.remove(*answer);
}

TEST(UntakenAnswers, AnswersThatWereTakenAreLeftAloneWhereverTheyStandInTheList) {
    for (int taken = 0; taken < 3; ++taken) {
        UntakenAnswers answers;
        Answer all[3];
        for (Answer& answer : all) answers.add(answer, at(1));
        answers.remove(all[taken]);
        answers.remove(all[taken]);
        answers.cancel_those_before(at(2));
        for (int i = 0; i < 3; ++i) EXPECT_EQ(all[i].cancelled, i == taken ? 0 : 1);
    }
}

}  // namespace
}  // namespace a2akit::rpc
