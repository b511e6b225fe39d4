#include <a2akit/core/shared.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit {
namespace {

/// Counts how many of its kind there are, and how often one was copied.
struct Counted {
    static inline std::atomic<int> alive{0};
    static inline std::atomic<int> copies{0};
    std::string text;

    Counted(std::string of = {}) : text(std::move(of)) { ++alive; }  // NOLINT
    Counted(const Counted& other) : text(other.text) {
        ++alive;
        ++copies;
    }
    Counted(Counted&& other) noexcept : text(std::move(other.text)) { ++alive; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }
};

// Tasks, events and histories hold many of them.
static_assert(sizeof(Shared<Counted>) == sizeof(void*));

class SharedTest : public ::testing::Test {
protected:
    SharedTest() {
        (void)*Shared<Counted>();  // the empty one stays
        before_ = Counted::alive;
        Counted::copies = 0;
    }
    [[nodiscard]] int made() const { return Counted::alive - before_; }

private:
    int before_ = 0;
};

TEST_F(SharedTest, CopiesShareOneValueThatEndsWithTheLastOfThem) {
    {
        const Shared<Counted> one(Counted("a"));
        Shared<Counted> other = one;
        EXPECT_TRUE(one.same_as(other));
        EXPECT_EQ(made(), 1);
        other = Shared<Counted>(Counted("a"));
        EXPECT_FALSE(one.same_as(other)) << "equal, and yet another one";
        EXPECT_EQ(made(), 2);
        other = one;
        EXPECT_EQ(made(), 1);
        EXPECT_EQ(one->text + (*other).text, "aa");
    }
    EXPECT_EQ(made(), 0);
    EXPECT_EQ(Counted::copies, 0);
}

TEST_F(SharedTest, AMoveTakesTheReference) {
    Shared<Counted> one(Counted("a"));
    Shared<Counted> other(Counted("b"));
    other = std::move(one);
    EXPECT_EQ(made(), 1);
    EXPECT_EQ(other->text, "a");
    one = other;  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(one.same_as(other));
    const Shared<Counted>& same = one;
    one = same;
    EXPECT_EQ(one->text, "a") << "also when it is assigned to itself";
}

TEST_F(SharedTest, IsNeverNull) {
    EXPECT_EQ(Shared<Counted>()->text, "");
    EXPECT_TRUE(Shared<Counted>().same_as(Shared<Counted>()));
}

TEST_F(SharedTest, ThreadsMayHoldTheSameValue) {
    {
        const Shared<Counted> value(Counted("a"));
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([value] {
                for (int round = 0; round < 1000; ++round) {
                    const Shared<Counted> copy = value;
                    ASSERT_EQ(copy->text, "a");
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        EXPECT_EQ(made(), 1);
    }
    EXPECT_EQ(made(), 0);
}

}  // namespace
}  // namespace a2akit
