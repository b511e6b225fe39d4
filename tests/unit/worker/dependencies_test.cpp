#include <a2akit/core/error.hpp>
#include <a2akit/testing/manual_loop.hpp>
#include <a2akit/worker/dependencies.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace a2akit {
namespace {

using testing::ManualLoop;
using Notes = std::vector<std::string>;

struct Pool {
    int size = 4;
};

class Part : public Startable {
public:
    Part(Notes& notes, std::string name, bool fails = false)
        : notes_(notes), name_(std::move(name)), fails_(fails) {}
    Async<void> startup() override {
        if (fails_) throw std::runtime_error(name_ + " does not start");
        notes_.push_back("start " + name_);
        co_return;
    }
    Async<void> shutdown() override {
        notes_.push_back("stop " + name_);
        if (name_ == "stubborn") throw std::runtime_error("stubborn does not stop");
        co_return;
    }

private:
    Notes& notes_;
    std::string name_;
    bool fails_;
};

TEST(DependenciesTest, AreFoundByTypeAndByName) {
    Dependencies dependencies;
    dependencies.add(std::make_shared<Pool>());
    dependencies.add("replica", std::make_shared<Pool>(Pool{2}));
    EXPECT_EQ(dependencies.get<Pool>().size, 4);
    EXPECT_EQ(dependencies.get<Pool>("replica").size, 2);
}

TEST(DependenciesTest, AMissingOneIsNamed) {
    const Dependencies dependencies;
    try {
        (void)dependencies.get<Pool>("replica");
        FAIL() << "found what is not there";
    } catch (const Exception& e) {
        EXPECT_EQ(e.code(), ErrorCode::kInternal);
        EXPECT_NE(std::string(e.what()).find("\"replica\""), std::string::npos) << e.what();
        EXPECT_NE(std::string(e.what()).find("Pool"), std::string::npos) << e.what();
    }
}

TEST(DependenciesTest, ASecondOfATypeOrNameIsRefused) {
    Dependencies dependencies;
    dependencies.add(std::make_shared<Pool>());
    dependencies.add("a", std::make_shared<Pool>());
    EXPECT_THROW(dependencies.add(std::make_shared<Pool>()), std::invalid_argument);
    EXPECT_THROW(dependencies.add("a", std::make_shared<std::string>()), std::invalid_argument);
}

TEST(DependenciesTest, StartInOrderAndStopInReverse) {
    ManualLoop loop;
    Notes notes;
    Dependencies dependencies;
    dependencies.add("a", std::make_shared<Part>(notes, "a"));
    dependencies.add(std::make_shared<Pool>());
    dependencies.add("b", std::make_shared<Part>(notes, "b"));
    loop.await(dependencies.startup());
    loop.await(dependencies.shutdown());
    EXPECT_EQ(notes, (Notes{"start a", "start b", "stop b", "stop a"}));
}

TEST(DependenciesTest, AFailedStartStopsWhatWasStarted) {
    ManualLoop loop;
    Notes notes;
    Dependencies dependencies;
    dependencies.add("a", std::make_shared<Part>(notes, "a"));
    dependencies.add("b", std::make_shared<Part>(notes, "b"));
    dependencies.add("c", std::make_shared<Part>(notes, "c", true));
    dependencies.add("d", std::make_shared<Part>(notes, "d"));
    EXPECT_THROW(loop.await(dependencies.startup()), std::runtime_error);
    EXPECT_EQ(notes, (Notes{"start a", "start b", "stop b", "stop a"}));
    loop.await(dependencies.shutdown());
    EXPECT_EQ(notes.size(), 4U) << "what was rolled back is not stopped again";
}

class Odd final : public Startable {
public:
    explicit Odd(bool starts) : starts_(starts) {}
    Async<void> startup() override {
        if (!starts_) throw 42;
        co_return;
    }
    Async<void> shutdown() override {
        throw 42;
        co_return;
    }

private:
    bool starts_;
};

TEST(DependenciesTest, WhatIsNoStdExceptionIsHandledLikeOne) {
    ManualLoop loop;
    Notes notes;
    Dependencies dependencies;
    dependencies.add("a", std::make_shared<Part>(notes, "a"));
    dependencies.add("stops badly", std::make_shared<Odd>(true));
    dependencies.add("starts badly", std::make_shared<Odd>(false));
    EXPECT_THROW(loop.await(dependencies.startup()), int);
    EXPECT_EQ(notes, (Notes{"start a", "stop a"}));
}

TEST(DependenciesTest, AShutdownThatThrowsDoesNotKeepTheOthersFromTheirs) {
    ManualLoop loop;
    Notes notes;
    Dependencies dependencies;
    dependencies.add("a", std::make_shared<Part>(notes, "a"));
    dependencies.add("stubborn", std::make_shared<Part>(notes, "stubborn"));
    loop.await(dependencies.startup());
    loop.await(dependencies.shutdown());
    EXPECT_EQ(notes.back(), "stop a");
}

}  // namespace
}  // namespace a2akit
