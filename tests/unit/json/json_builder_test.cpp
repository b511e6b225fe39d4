#include <a2akit/json/json.hpp>
#include <a2akit/protocol/json.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace a2akit {
namespace {

RawJson taken(RawJson value) { return value; }

TEST(JsonTest, BuildsEveryKindOfValue) {
    const Json json = Json::object({{"name", "Ada"},
                                    {"age", 36},
                                    {"share", 0.1},
                                    {"known", true},
                                    {"note", nullptr},
                                    {"tags", Json::array({"a", 2, false, Json::object()})},
                                    {"nested", Json::object({{"empty", Json::array()}})}});
    EXPECT_EQ(
        json.text(),
        R"({"name":"Ada","age":36,"share":0.1,"known":true,"note":null,"tags":["a",2,false,{}],)"
        R"("nested":{"empty":[]}})");
    EXPECT_TRUE(parse_raw_json(json.text()));
}

TEST(JsonTest, ValuesStandAlone) {
    EXPECT_EQ(Json().text(), "null");
    EXPECT_EQ(Json(std::string("x")).text(), "\"x\"");
    EXPECT_EQ(Json(std::string_view("x")).text(), "\"x\"");
    EXPECT_EQ(Json(std::uint64_t{18446744073709551615U}).text(), "18446744073709551615");
    EXPECT_EQ(Json(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
    EXPECT_EQ(Json(std::size_t{7}).text(), "7");
    EXPECT_EQ(Json(1e300).text(), "1e+300");
    EXPECT_EQ(Json(2.0F).text(), "2");
    EXPECT_EQ(Json(RawJson("[1, 2]")).text(), "[1, 2]");
    EXPECT_EQ(Json(RawJson()).text(), "null") << "an absent value";
}

TEST(JsonTest, ADoubleIsReadBackAsItWas) {
    for (const double value : {0.1, 1.0 / 3, 123456789.123456789, 5e-324, -0.0}) {
        EXPECT_EQ(std::strtod(Json(value).text().c_str(), nullptr), value);
    }
}

TEST(JsonTest, TextAndNamesAreEscaped) {
    EXPECT_EQ(Json("a\"b\\c\n\x01").text(), R"("a\"b\\c\n\u0001")");
    EXPECT_EQ(Json::object({{"a\"b", 1}}).text(), R"({"a\"b":1})");
    EXPECT_EQ(Json("caf\xC3\xA9").text(), "\"caf\xC3\xA9\"");
}

TEST(JsonTest, GrowsInLoops) {
    Json list = Json::array();
    for (int i = 0; i < 3; ++i) list.push_back(i);
    EXPECT_EQ(list.text(), "[0,1,2]");
    Json counts = Json::object();
    counts.set("a", 1).set("b", 2).set("a", list);
    EXPECT_EQ(counts.text(), R"({"a":[0,1,2],"b":2})") << "a member of the same name is replaced";
    EXPECT_EQ(Json::array_of(std::vector<std::string>{"x", "y"}).text(), R"(["x","y"])");
    EXPECT_EQ(Json::object({{"a", 1}, {"a", 2}}).text(), R"({"a":2})");
    const Json copy = counts;
    counts.set("c", 3);
    EXPECT_EQ(copy.text(), R"({"a":[0,1,2],"b":2})") << "a value";
}

TEST(JsonTest, IsTakenWhereRawJsonIs) {
    EXPECT_EQ(taken(Json::object({{"a", 1}})).text(), R"({"a":1})");
    const RawJson kept = Json("x");
    EXPECT_EQ(kept.text(), "\"x\"");
}

TEST(JsonTest, ValuesThatJsonDoesNotHaveAreRefused) {
    EXPECT_THROW((void)Json(std::nan("")), std::invalid_argument);
    EXPECT_THROW((void)Json{std::numeric_limits<double>::infinity()}, std::invalid_argument);
    EXPECT_THROW((void)Json("\xC3"), std::invalid_argument);
    EXPECT_THROW((void)Json::object({{"\xFF", 1}}), std::invalid_argument);
    EXPECT_THROW(Json::array().set("a", 1), std::logic_error);
    EXPECT_THROW(Json::object().push_back(1), std::logic_error);
    EXPECT_THROW(Json(1).push_back(1), std::logic_error);
}

}  // namespace
}  // namespace a2akit
