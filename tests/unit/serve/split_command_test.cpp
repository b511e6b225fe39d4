#include "serve/exec_worker.hpp"

#include <gmock/gmock.h>

namespace a2akit::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SplitCommand, WordsAreDividedAsAShellDoesIt) {
    EXPECT_THAT(*split_command("  tr a-z\tA-Z "), ElementsAre("tr", "a-z", "A-Z"));
    EXPECT_THAT(*split_command(R"(grep -e 'a "b' "c 'd" e\ f "\"\\\n" '')"),
                ElementsAre("grep", "-e", "a \"b", "c 'd", "e f", "\"\\\\n", ""));
    EXPECT_THAT(*split_command("a'b'\"c\"d"), ElementsAre("abcd"));
}

TEST(SplitCommand, WhatOnlyAShellUnderstandsIsRefused) {
    for (const char* command : {"a | b", "a;b", "a & b", "a > b", "echo $HOME", "ls *", "a `b`"}) {
        const auto words = split_command(command);
        ASSERT_FALSE(words) << command;
        EXPECT_THAT(words.error().message, HasSubstr("--shell"));
    }
    EXPECT_THAT(*split_command("awk '{print $1}'"), ElementsAre("awk", "{print $1}"));
}

TEST(SplitCommand, WhatCannotBeReadIsRefused) {
    EXPECT_THAT(split_command("echo 'open").error().message, HasSubstr("open '"));
    EXPECT_THAT(split_command("echo \\").error().message, HasSubstr("backslash"));
    EXPECT_THAT(split_command("  ").error().message, HasSubstr("is empty"));
}

}  // namespace
}  // namespace a2akit::serve
