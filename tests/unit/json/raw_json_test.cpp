#include <a2akit/protocol/raw_json.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace a2akit {
namespace {

const std::string kLong = R"({"k":")" + std::string(100, 'x') + "\"}";

// Nearly every message, part, artifact and task carries one that is absent.
static_assert(sizeof(RawJson) == sizeof(void*));

TEST(RawJsonTest, IsEmptyWithoutText) {
    EXPECT_TRUE(RawJson().empty());
    EXPECT_TRUE(RawJson("").empty());
    EXPECT_EQ(RawJson().text(), "");
    EXPECT_FALSE(RawJson("{}").empty());
}

TEST(RawJsonTest, ComparesTexts) {
    EXPECT_EQ(RawJson(), RawJson(""));
    EXPECT_EQ(RawJson(kLong), RawJson(kLong));
    EXPECT_NE(RawJson("1"), RawJson("2"));
    EXPECT_NE(RawJson("1"), RawJson());
}

TEST(RawJsonTest, ACopyIsAValueOfItsOwn) {
    RawJson value(kLong);
    const RawJson copy = value;
    value = RawJson("1");
    EXPECT_EQ(copy.text(), kLong);
    value = copy;
    EXPECT_EQ(value.text(), kLong);
    value = RawJson();
    EXPECT_TRUE(value.empty());
    const RawJson& same = copy;
    value = same;
    value = std::as_const(value);
    EXPECT_EQ(value.text(), kLong) << "also when it is assigned to itself";
}

TEST(RawJsonTest, AMoveTakesTheTextAndLeavesNothing) {
    RawJson value(kLong);
    const char* const bytes = value.text().data();
    RawJson moved = std::move(value);
    EXPECT_EQ(moved.text().data(), bytes) << "the text itself is not copied";
    EXPECT_TRUE(value.empty());  // NOLINT(bugprone-use-after-move)
    value = std::move(moved);
    EXPECT_EQ(value.text(), kLong);
}

}  // namespace
}  // namespace a2akit
