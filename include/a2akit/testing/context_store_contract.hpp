#pragma once

#include <a2akit/testing/storage_fixture.hpp>

namespace a2akit::testing {

/// The behaviour of every ContextStore. Instantiated like StorageContract, with the same harness.
class ContextStoreContract : public StorageFixture {
protected:
    ContextValue load_value(OwnerScope scope, std::string context_id = "talk") {
        return must(contexts().load_context(std::move(scope), std::move(context_id)));
    }
    std::uint64_t put(OwnerScope scope, std::string json,
                      std::optional<std::uint64_t> expected = {}) {
        return must(contexts().update_context(std::move(scope), "talk", RawJson(std::move(json)),
                                              expected));
    }
};

TEST_P(ContextStoreContract, NothingWasStoredAtFirst) {
    const ContextValue value = load_value(alice_);
    EXPECT_TRUE(value.value.empty());
    EXPECT_EQ(value.version, 0U);
}

TEST_P(ContextStoreContract, AStoredValueIsFound) {
    const std::uint64_t version = put(alice_, R"({"n":1})");
    EXPECT_GT(version, 0U);
    const ContextValue value = load_value(alice_);
    EXPECT_EQ(value.value.text(), R"({"n":1})");
    EXPECT_EQ(value.version, version);
}

TEST_P(ContextStoreContract, AnUpdateReplacesTheValueAndRaisesTheVersion) {
    const std::uint64_t first = put(alice_, "1");
    const std::uint64_t second = put(alice_, "2");
    EXPECT_GT(second, first);
    EXPECT_EQ(load_value(alice_).value.text(), "2");
}

TEST_P(ContextStoreContract, AnUpdateOfTheExpectedVersionIsApplied) {
    const std::uint64_t version = put(alice_, "1", 0);
    EXPECT_GT(put(alice_, "2", version), version);
}

TEST_P(ContextStoreContract, AnUpdateOfAnotherVersionIsRefusedAndChangesNothing) {
    const std::uint64_t version = put(alice_, "1");
    put(alice_, "2");
    EXPECT_EQ(error_of(contexts().update_context(alice_, "talk", RawJson("3"), version)),
              ErrorCode::kRevisionConflict);
    EXPECT_EQ(error_of(contexts().update_context(alice_, "talk", RawJson("3"), 0)),
              ErrorCode::kRevisionConflict);
    EXPECT_EQ(load_value(alice_).value.text(), "2");
}

TEST_P(ContextStoreContract, AnEmptyValueRemoves) {
    const std::uint64_t version = put(alice_, "1");
    put(alice_, "");
    EXPECT_EQ(load_value(alice_).version, 0U);
    EXPECT_TRUE(load_value(alice_).value.empty());
    EXPECT_GT(put(alice_, "2", 0), version) << "a version never comes twice";
}

TEST_P(ContextStoreContract, OwnersTenantsAndContextsAreApart) {
    put(alice_, "1");
    EXPECT_EQ(load_value(bob_).version, 0U);
    EXPECT_EQ(load_value({"alice", "shop", false}).version, 0U);
    EXPECT_EQ(load_value(alice_, "other").version, 0U);
    put(bob_, "2");
    EXPECT_EQ(load_value(alice_).value.text(), "1");
}

TEST_P(ContextStoreContract, AnOwnersNameCannotReachIntoATenant) {
    put({"a", "b", false}, "1");
    EXPECT_EQ(load_value({"ab", "", false}).version, 0U);
    EXPECT_EQ(load_value({"", "ab", false}).version, 0U);
}

TEST_P(ContextStoreContract, AContextGoesWithItsLastTask) {
    make_ended_task(TaskState::kCompleted, "talk");
    advance(Duration(1));
    const TaskId last = make_ended_task(TaskState::kCompleted, "talk");
    put(alice_, "1");
    EraseQuery query;
    query.keep_at_most = 1;
    must(maintenance().erase(query));
    EXPECT_EQ(load_value(alice_).value.text(), "1");
    query.keep_at_most = 0;
    EXPECT_EQ(must(maintenance().erase(query)), std::vector{last});
    EXPECT_EQ(load_value(alice_).version, 0U);
}

}  // namespace a2akit::testing
