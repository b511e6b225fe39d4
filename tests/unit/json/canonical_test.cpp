#include "json/canonical.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace a2akit::json {
namespace {

std::string form(std::string_view text, CanonicalOptions options = {}) {
    const Result<std::string> result = canonical(text, options);
    return result ? *result : "refused: " + result.error().message;
}

TEST(CanonicalJson, TheExampleOfTheSpecification) {
    // RFC 8785, section 3.2.2.
    EXPECT_EQ(
        form(R"({
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
})"),
        R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
        "\"string\":\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(CanonicalJson, MembersAreInTheOrderOfTheirUtf16CodeUnits) {
    // RFC 8785, section 3.2.3.
    EXPECT_EQ(
        form(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})"),
        "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001F600\":5,\"\ufb33\":3}");
}

TEST(CanonicalJson, NumbersAreAsEcmaScriptWritesThem) {
    // RFC 8785, appendix B, and the edges of each form.
    for (const auto& [text, wanted] : std::vector<std::pair<std::string, std::string>>{
             {"0", "0"},
             {"-0", "0"},
             {"-0.0", "0"},
             {"5e-324", "5e-324"},
             {"-1.7976931348623157e308", "-1.7976931348623157e+308"},
             {"9007199254740991", "9007199254740991"},
             {"295147905179352830000.0", "295147905179352830000"},
             {"9.999999999999997e22", "9.999999999999997e+22"},
             {"1e23", "1e+23"},
             {"1.0000000000000001e23", "1.0000000000000001e+23"},
             {"999999999999999900000.0", "999999999999999900000"},
             {"1e21", "1e+21"},
             {"0.000001", "0.000001"},
             {"1e-7", "1e-7"},
             {"0.0000012", "0.0000012"},
             {"333333333.3333332", "333333333.3333332"},
             {"-4.350000", "-4.35"},
             {"100", "100"},
             {"1.5e3", "1500"},
             {"123456.789", "123456.789"}}) {
        EXPECT_EQ(form(text), wanted) << text;
    }
}

TEST(CanonicalJson, WhatHasNoFormIsRefused) {
    for (const char* text :
         {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "9007199254740992",
          "1e400", "1 2", "nul", "\"\\ud800\"", "\"\xff\""}) {
        EXPECT_TRUE(form(text).starts_with("refused")) << text;
    }
    EXPECT_TRUE(form(std::string(200, '[') + std::string(200, ']')).starts_with("refused"));
    EXPECT_EQ(form(std::string(100, '[') + std::string(100, ']')),
              std::string(100, '[') + std::string(100, ']'));
}

TEST(CanonicalJson, AMemberOfTheOutermostObjectCanBeLeftOut) {
    EXPECT_EQ(form(R"({"b":{"signatures":1},"signatures":[{}],"a":2})", {.without = "signatures"}),
              R"({"a":2,"b":{"signatures":1}})");
}

TEST(CanonicalJson, EmptyValuesCanBeLeftOut) {
    EXPECT_EQ(
        form(R"({"a":"","b":[],"c":{"d":{"e":[""]}},"f":[null,{},1,""],"g":false,"h":0,"i":null})",
             {.strip_empty = true}),
        R"({"f":[1],"g":false,"h":0})");
    EXPECT_EQ(form(R"({"a":[]})", {.strip_empty = true}), "{}");
}

}  // namespace
}  // namespace a2akit::json
