#include "backends/common/peer_messages.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace a2akit::backends {
namespace {

Wake wake_of(const TaskId& task, Sequence last, Turn turn = 1, bool turn_ended = false) {
    Wake wake;
    wake.task = task;
    wake.last = last;
    wake.turn = turn;
    wake.turn_ended = turn_ended;
    return wake;
}

class PeerMessagesTest : public ::testing::Test {
protected:
    /// What the other node hears of a payload.
    std::string heard(const std::string& payload) {
        std::string words;
        PeerMessages::Handlers handlers;
        handlers.wake = [&](const Wake& wake) {
            words += " wake " + std::to_string(wake.last) + "/" + std::to_string(wake.turn) +
                     (wake.turn_ended ? " ended" : "");
        };
        handlers.cancel = [&](const TaskId&) { words += " cancel"; };
        handlers.runs = [&] { words += " runs"; };
        there_.hear(payload, handlers, [&](char kind) { words += std::string(" other ") + kind; });
        return words;
    }

    PeerMessages here_{"here", 'q'};
    PeerMessages there_{"there", 'q'};
};

TEST_F(PeerMessagesTest, WakeUpsOfOneTaskLeaveTogether) {
    const TaskId task = TaskId::generate();
    here_.wake(wake_of(task, 3, 1, true));
    here_.wake(wake_of(task, 5, 2));
    here_.wake(wake_of(task, 4));
    EXPECT_TRUE(here_.sending());
    EXPECT_EQ(heard(here_.take(1000)), " wake 5/2");
    EXPECT_FALSE(here_.sent());
    EXPECT_FALSE(here_.sending());
    EXPECT_EQ(here_.take(1000), "");
}

TEST_F(PeerMessagesTest, WhatIsToldIsHeardAndCounted) {
    here_.offer_runs();
    here_.cancel(TaskId::generate());
    here_.wake(wake_of(TaskId::generate(), 1, 1, true));
    EXPECT_EQ(heard(here_.take(1000)), " runs cancel wake 1/1 ended");
    EXPECT_EQ(heard(here_.of_cancel(TaskId::generate())), " cancel");
    EXPECT_EQ(here_.told(), 4U);
    EXPECT_EQ(there_.heard(), 4U);
}

TEST_F(PeerMessagesTest, APayloadStaysBelowItsLimit) {
    constexpr int kMany = 100;
    for (int i = 0; i < kMany; ++i) here_.wake(wake_of(TaskId::generate(), 1));
    int payloads = 0;
    do {
        const std::string payload = here_.take(1000);
        EXPECT_LE(payload.size(), 1000U);
        heard(payload);
        ++payloads;
    } while (here_.sent());
    EXPECT_GT(payloads, 1);
    EXPECT_EQ(there_.heard(), static_cast<std::uint64_t>(kMany));
}

TEST_F(PeerMessagesTest, ANodeDoesNotHearItself) {
    EXPECT_EQ(heard("there;q"), "");
    EXPECT_EQ(there_.heard(), 0U);
}

TEST_F(PeerMessagesTest, MalformedEntriesDoNoHarm) {
    EXPECT_EQ(heard("x;;n;w;wnone,1,1,1;c;q"), " other n runs");
    EXPECT_EQ(heard(""), "");
    EXPECT_EQ(heard(";"), "");
}

}  // namespace
}  // namespace a2akit::backends
