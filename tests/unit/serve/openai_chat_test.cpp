#include "serve/openai_chat.hpp"

#include <gmock/gmock.h>

#include <string>

namespace a2akit::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(OpenAiChat, WhatIsKeptIsReadAgain) {
    const std::vector<ChatMessage> chat{{"user", "\"hi\"\n\u00e4"}, {"assistant", ""}};
    EXPECT_EQ(read_chat(RawJson(write_chat(chat))), chat);
}

TEST(OpenAiChat, AContextOfAnotherFormIsAnEmptyConversation) {
    for (const char* other : {"", "null", "{}", "[1]", "\"text\"", R"([{"content":"x"}])"})
        EXPECT_THAT(read_chat(RawJson(other)), IsEmpty()) << other;
}

TEST(OpenAiChat, TheOldestMessagesAreLeftOutFirst) {
    std::vector<ChatMessage> chat{{"user", "aaaa"}, {"assistant", "bbbb"}, {"user", "cccc"}};
    shorten_chat(chat, 12);
    EXPECT_EQ(chat.size(), 3U);
    shorten_chat(chat, 11);
    EXPECT_THAT(chat, ElementsAre(ChatMessage{"assistant", "bbbb"}, ChatMessage{"user", "cccc"}));
    shorten_chat(chat, 1);
    EXPECT_THAT(chat, ElementsAre(ChatMessage{"user", "cccc"}));
}

TEST(OpenAiChat, TheRequestAsksForAStream) {
    EXPECT_EQ(completion_request("m\"1", {{"user", "hi"}}),
              R"({"model":"m\"1","stream":true,"messages":[{"role":"user","content":"hi"}]})");
}

TEST(OpenAiChat, WordsComeFromTheFirstChoiceOfAnyForm) {
    EXPECT_EQ(read_completion(
                  R"({"choices":[{"index":0,"delta":{"content":"a"}},{"delta":{"content":"b"}}]})")
                  ->text,
              "a");
    const auto whole = read_completion(
        R"({"choices":[{"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{}})");
    EXPECT_EQ(whole->text, "x");
    EXPECT_EQ(whole->finish_reason, "stop");
    EXPECT_EQ(read_completion(R"({"choices":[],"usage":{"total_tokens":1}})")->text, "");
    EXPECT_EQ(
        read_completion(
            R"({"choices":[{"delta":{"content":null,"reasoning":"r"},"finish_reason":null}]})")
            ->text,
        "");
    EXPECT_FALSE(read_completion(R"({"error":null,"choices":[]})")->error);
}

TEST(OpenAiChat, ErrorsOfBothFormsAreRead) {
    EXPECT_EQ(read_completion(R"({"error":{"message":"busy","type":"x"}})")->error, "busy");
    EXPECT_EQ(read_completion(R"({"error":"busy"})")->error, "busy");
}

TEST(OpenAiChat, WhatIsNotACompletionIsRefused) {
    for (const char* other : {"", "x", "[]", "{", "{} x", "\xff"})
        EXPECT_FALSE(read_completion(other)) << other;
    EXPECT_FALSE(read_completion(std::string(100'000, '[')));
}

TEST(OpenAiChat, TheAddressFollowsFromWhatIsUsuallyGiven) {
    EXPECT_EQ(completions_url("http://h:1"), "http://h:1/v1/chat/completions");
    EXPECT_EQ(completions_url("https://h/v1/"), "https://h/v1/chat/completions");
    EXPECT_EQ(completions_url("https://h/api/v3"), "https://h/api/v3/chat/completions");
    EXPECT_EQ(completions_url("https://h/x/chat/completions"), "https://h/x/chat/completions");
}

}  // namespace
}  // namespace a2akit::serve
