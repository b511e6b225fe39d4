#include "core/seeded_ids.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/ids.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

TEST(UuidTest, OfOneThreadIsOrderedWithinAMillisecondToo) {
    const auto time_of = [](const Uuid& id) {
        return std::vector<std::uint8_t>(id.bytes.begin(), id.bytes.begin() + 8);
    };
    std::vector<std::uint8_t> before = time_of(Uuid::generate());
    std::set<std::vector<std::uint8_t>> seen{before};
    for (int i = 0; i < 10'000; ++i) {
        const std::vector<std::uint8_t> next = time_of(Uuid::generate());
        EXPECT_LE(before, next);
        before = next;
        seen.insert(next);
    }
    const std::size_t milliseconds = [&] {
        std::set<std::vector<std::uint8_t>> whole;
        for (const auto& time : seen) whole.emplace(time.begin(), time.begin() + 6);
        return whole.size();
    }();
    EXPECT_GT(seen.size(), milliseconds);
}

TEST(UuidTest, ReadsWhatItWrites) {
    const Uuid id = Uuid::generate();
    EXPECT_EQ(Uuid::parse(id.to_string()), id);
    EXPECT_EQ(id.to_string()[14], '7');
}

TEST(UuidTest, RefusesEverythingElse) {
    for (const char* text :
         {"", "x", "0190b3a0-1111-7222-8333-44445555666", "0190b3a0-1111-7222-8333-44445555666g",
          "0190b3a01111-7222-8333-4444-55556666777", "0190b3a0-1111-7222-8333-444455556666 "}) {
        EXPECT_FALSE(Uuid::parse(text)) << text;
    }
}

TEST(UuidTest, NeverTwice) {
    std::set<std::string> seen;
    for (int i = 0; i < 10'000; ++i) {
        EXPECT_TRUE(seen.insert(TaskId::generate().to_string()).second);
        EXPECT_TRUE(seen.insert(WriteId::next().to_string()).second);
    }
}

TEST(WriteIdTest, ThoseOfOneThreadGrow) {
    WriteId last = WriteId::next();
    for (int i = 0; i < 1000; ++i) {
        const WriteId next = WriteId::next();
        EXPECT_LT(last.to_string(), next.to_string());
        EXPECT_EQ(last.to_string().substr(14), next.to_string().substr(14));
        last = next;
    }
}

TEST(SeededIdsTest, RepeatTheSameIdsAndOnlyWhileTheyLive) {
    const auto two = [] {
        const SeededIds seeded(7);
        return std::pair(Uuid::generate(), Uuid::generate());
    };
    const auto first = two();
    EXPECT_NE(first.first, first.second);
    EXPECT_EQ(two(), first);
    EXPECT_NE(Uuid::generate(), Uuid::generate());
}

TEST(TimestampTest, IsWrittenAsTheProtocolWants) {
    EXPECT_EQ(to_string(Timestamp(Duration(1761647400123))), "2025-10-28T10:30:00.123Z");
}

}  // namespace
}  // namespace a2akit
