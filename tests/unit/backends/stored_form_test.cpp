#include "backends/common/stored_form.hpp"

#include <gtest/gtest.h>

namespace a2akit::backends {
namespace {

Message message_of(std::string text) {
    Message message;
    message.message_id = "m-1";
    message.role = Role::kAgent;
    message.parts.push_back(Part::from_text(std::move(text)));
    message.metadata = RawJson(R"({"k":[1,2]})");
    return message;
}

using namespace std::string_literals;
const std::string kOddText = "quotes \" and a NUL \0 and \xF0\x9F\x98\x80"s;

TEST(StoredForm, AStatusReadsAsItWasWritten) {
    const StoredStatus status{Shared(message_of(kOddText)), RawJson("{}")};
    const auto read = read_stored_status(to_stored(status));
    ASSERT_TRUE(read);
    ASSERT_TRUE(read->message);
    EXPECT_EQ(**read->message, message_of(kOddText));
    EXPECT_EQ(read->metadata, RawJson("{}"));
}

TEST(StoredForm, AStatusWithoutMessageAndMetadataTakesNoRoom) {
    EXPECT_EQ(to_stored(StoredStatus{}), "");
    const auto read = read_stored_status("");
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->message);
}

TEST(StoredForm, MessagesKeepTheirOrder) {
    const std::vector<Shared<Message>> messages = {message_of("one"), message_of("two")};
    const auto read = read_stored_messages(to_stored(messages));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0]->text(), "one");
    EXPECT_EQ((*read)[1]->text(), "two");
}

TEST(StoredForm, ChunksKeepTheirPartsAndFlags) {
    Artifact artifact;
    artifact.artifact_id = "a";
    artifact.name = "name";
    artifact.parts.push_back(Part::from_bytes(kOddText, "application/octet-stream", "f.bin"));
    artifact.parts.push_back(Part::from_data(RawJson(R"({"x":null})")));
    artifact.parts.push_back(Part::from_url("https://example.org/x", "image/png"));
    std::vector<ArtifactChunk> chunks(2);
    chunks[0] = {artifact, true, false, RawJson("{}")};
    chunks[1] = {artifact, false, true, {}};
    const auto read = read_stored_chunks(to_stored(chunks));
    ASSERT_TRUE(read);
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ(*(*read)[0].artifact, artifact);
    EXPECT_TRUE((*read)[0].append);
    EXPECT_FALSE((*read)[0].last_chunk);
    EXPECT_EQ((*read)[0].metadata, RawJson("{}"));
    EXPECT_FALSE((*read)[1].append);
    EXPECT_TRUE((*read)[1].last_chunk);
}

TEST(StoredForm, AnInputKeepsWhatTheHandlerMaySeeAndDropsTheContexts) {
    TurnInput input;
    input.message = message_of("do it");
    input.metadata = RawJson("{}");
    input.accepted_output_modes = {"text/plain", "image/png"};
    input.extensions = {"urn:x"};
    input.sealed_context = SealedContext{"secret"};
    const std::string bytes = to_stored(input);
    EXPECT_EQ(bytes.find("secret"), std::string::npos);
    const auto read = read_stored_input(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read->message, message_of("do it"));
    EXPECT_EQ(read->metadata, input.metadata);
    EXPECT_EQ(read->accepted_output_modes, input.accepted_output_modes);
    EXPECT_EQ(read->extensions, input.extensions);
    EXPECT_FALSE(read->sealed_context);
}

TEST(StoredForm, WhatIsCutAlteredOrOfALaterFormatIsRefused) {
    const std::string bytes = to_stored(message_of("hello"));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(read_stored_message(bytes.substr(0, size)));
    }
    EXPECT_FALSE(read_stored_message(bytes + "x"));
    std::string later = bytes;
    later[0] = 9;
    EXPECT_FALSE(read_stored_message(later));
    EXPECT_FALSE(read_stored_chunks("\x01\xff\xff\xff\x7f"));
}

}  // namespace
}  // namespace a2akit::backends
