#include <a2akit/json/boost.hpp>
#include <a2akit/worker/task_context.hpp>

#include <gtest/gtest.h>
#include <boost/json/src.hpp>

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#if A2AKIT_NLOHMANN
#include <a2akit/json/nlohmann.hpp>
#endif

namespace a2akit {
namespace {

RawJson taken(RawJson value) { return value; }

TEST(JsonBridgesTest, BoostValuesAreTakenWhereRawJsonIs) {
    const boost::json::value value = {{"a", {1, 2}}, {"b", nullptr}};
    EXPECT_EQ(taken(value).text(), R"({"a":[1,2],"b":null})");
    EXPECT_EQ(taken(boost::json::object{{"a", 1}}).text(), R"({"a":1})");
    EXPECT_EQ(taken(boost::json::array{1, 2}).text(), "[1,2]");
    EXPECT_EQ(taken(boost::json::string("x")).text(), "\"x\"");
    const EmitArtifact artifact{.data = value};
    EXPECT_EQ(artifact.data->text(), R"({"a":[1,2],"b":null})");
}

TEST(JsonBridgesTest, BoostReadsRawJson) {
    EXPECT_EQ(to_boost(RawJson(R"({"a":[1,2]})")), (boost::json::value{{"a", {1, 2}}}));
    EXPECT_EQ(to_boost(RawJson()), boost::json::value()) << "an absent value";
}

TEST(JsonBridgesTest, BoostValuesThatCannotBeSentAreRefused) {
    EXPECT_THROW(taken(boost::json::value("\xC3")), std::invalid_argument);
}

#if A2AKIT_NLOHMANN
TEST(JsonBridgesTest, NlohmannValuesAreTakenWhereRawJsonIs) {
    const nlohmann::json value = {{"a", {1, 2}}, {"b", nullptr}};
    EXPECT_EQ(taken(value).text(), R"({"a":[1,2],"b":null})");
    EXPECT_EQ(taken(nlohmann::ordered_json{{"z", 1}, {"a", 2}}).text(), R"({"z":1,"a":2})");
    EmitArtifact artifact;
    artifact.data = value;
    EXPECT_EQ(artifact.data->text(), R"({"a":[1,2],"b":null})");
}

TEST(JsonBridgesTest, NlohmannReadsRawJson) {
    EXPECT_EQ(to_nlohmann(RawJson(R"({"a":[1,2]})")), (nlohmann::json{{"a", {1, 2}}}));
    EXPECT_EQ(to_nlohmann(RawJson()), nlohmann::json()) << "an absent value";
}

TEST(JsonBridgesTest, NlohmannValuesThatCannotBeSentAreRefused) {
    EXPECT_THROW(taken(nlohmann::json("\xC3")), std::invalid_argument);
    EXPECT_EQ(taken(nlohmann::json(std::numeric_limits<double>::quiet_NaN())).text(), "null");
}
#endif

}  // namespace
}  // namespace a2akit
