#include "backends/common/sealed_content.hpp"
#include "backends/common/merge_artifacts.hpp"
#include "backends/common/reencryption.hpp"
#include "backends/common/stored_form.hpp"
#include "json/codec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace a2akit::backends {
namespace {

const std::string kKey(64, '7');
const std::string kOther(64, '8');

DataKeys keys(const std::string& text) { return DataKeys::parse(text).value_or_throw(); }

Shared<Artifact> artifact(std::string name, std::string text) {
    Artifact made;
    made.artifact_id = "a";
    made.name = std::move(name);
    made.parts.push_back(Part::from_text(std::move(text)));
    return made;
}

Shared<Message> message(std::string text) {
    Message made;
    made.message_id = "m";
    made.role = Role::kUser;
    made.parts.push_back(Part::from_text(std::move(text)));
    return made;
}

TEST(DataKeysTest, WrongKeysAreRefusedWithoutBeingRepeated) {
    const std::map<std::string, std::string> wrong{
        {"", "entry 1 is not an id"},
        {kKey, "entry 1 is not an id"},
        {"a b:" + kKey, "entry 1 is not an id"},
        {std::string(33, 'i') + ":" + kKey, "entry 1 is not an id"},
        {"a:" + kKey + ",b:7777", "entry 2 has a key that is not 32 bytes"},
        {"a:" + kKey + "7", "entry 1 has a key that is not 32 bytes"},
        {"a:" + kKey + ",a:" + kOther, "entry 2 has the id of another one"},
        {"a:" + kKey + ",", "entry 2 is not an id"}};
    for (const auto& [text, why] : wrong) {
        const auto read = DataKeys::parse(text);
        ASSERT_FALSE(read) << text;
        EXPECT_EQ(read.error().message.find("A2AKIT_DATA_KEYS: " + why), 0U)
            << read.error().message;
        EXPECT_EQ(read.error().message.find("7777"), std::string::npos) << read.error().message;
    }
    EXPECT_TRUE(DataKeys::parse("2026-11:Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc="));
}

TEST(DataKeysTest, TheFirstKeySealsAndAllOfThemOpen) {
    const std::string by_old = keys("old:" + kKey).seal("text", "about").value_or_throw();
    const DataKeys both = keys("new:" + kOther + ",old:" + kKey);
    EXPECT_EQ(both.open(by_old, "about").value_or_throw(), "text");
    const std::string by_new = both.seal("text", "about").value_or_throw();
    EXPECT_EQ(keys("new:" + kOther).open(by_new, "about").value_or_throw(), "text");
    EXPECT_NE(keys("new:" + kOther).open(by_old, "about").error().message.find("the key \"old\""),
              std::string::npos);
    EXPECT_FALSE(keys("old:" + kOther).open(by_old, "about")) << "another key of the same id";
}

TEST(DataKeysTest, NothingOpensThatWasChanged) {
    const DataKeys with = keys("k:" + kKey);
    const std::string sealed = with.seal("a text", "about").value_or_throw();
    ASSERT_TRUE(with.open(sealed, "about"));
    EXPECT_FALSE(with.open(sealed, "something else"));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        std::string changed = sealed;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        EXPECT_FALSE(with.open(changed, "about")) << i;
        EXPECT_FALSE(with.open(sealed.substr(0, i), "about")) << i;
    }
    EXPECT_NE(with.seal("a text", "about").value_or_throw(), sealed) << "the nonce was used twice";
}

class SealedContentTest : public ::testing::Test {
protected:
    DataKeys keys_ = keys("k:" + kKey);
    TaskId task_ = TaskId::generate();
    SealedContent content_{keys_, task_};
};

TEST_F(SealedContentTest, AMessageInTwoPlacesStaysOneObject) {
    TaskUpdate update;
    update.history.push_back(message("hello"));
    update.turn.emplace();
    update.turn->message = update.history[0];
    ASSERT_TRUE(content_.seal(update));
    EXPECT_TRUE(update.turn->message.same_as(update.history[0]));
    EXPECT_EQ(update.history[0]->role, Role::kUser);
    EXPECT_NE(update.history[0]->message_id, "m");
    ASSERT_TRUE(content_.open(*update.turn));
    EXPECT_EQ(*update.turn->message, *message("hello"));
}

TEST_F(SealedContentTest, ChunksThatTheEngineMergedOpenAsOneArtifact) {
    TaskUpdate update;
    update.artifacts.push_back({artifact("report", "one "), false, false, {}});
    update.artifacts.push_back({artifact("", "two"), true, true, RawJson("{\"x\":1}")});
    const TaskUpdate plain = update;
    ASSERT_TRUE(content_.seal(update));
    EXPECT_EQ(update.artifacts[0].artifact->artifact_id, "a");
    EXPECT_TRUE(update.artifacts[0].artifact->name.empty());
    EXPECT_EQ(update.artifacts[1].metadata.text().find("\"x\""), std::string::npos);
    const auto merged = [](const TaskUpdate& from) {
        std::vector<ArtifactPiece> pieces;
        for (const ArtifactChunk& chunk : from.artifacts)
            pieces.push_back({chunk.artifact, chunk.append});
        return merge_artifacts(std::move(pieces));
    };
    TaskSnapshot snapshot;
    snapshot.artifacts = merged(update);
    ASSERT_TRUE(content_.open(snapshot));
    ASSERT_EQ(snapshot.artifacts.size(), 1U);
    EXPECT_EQ(*snapshot.artifacts[0], *merged(plain)[0]);
}

TEST_F(SealedContentTest, WhatWasStoredBeforeThereWasAKeyIsReadAsItIs) {
    TaskSnapshot snapshot;
    snapshot.history.push_back(message("old"));
    snapshot.metadata = RawJson("{\"a\":1}");
    // Chunks from before and after.
    TaskUpdate update;
    update.artifacts.push_back({artifact("", "new"), true, false, {}});
    ASSERT_TRUE(content_.seal(update));
    snapshot.artifacts = merge_artifacts(
        {{artifact("report", "old "), false}, {update.artifacts[0].artifact, true}});
    ASSERT_TRUE(content_.open(snapshot));
    EXPECT_EQ(*snapshot.history[0], *message("old"));
    EXPECT_EQ(snapshot.metadata.text(), "{\"a\":1}");
    EXPECT_EQ(snapshot.artifacts[0]->text(), "old new");
    EXPECT_EQ(snapshot.artifacts[0]->name, "report");
}

TEST_F(SealedContentTest, WhatLooksSealedInAMessageIsNotOpenedTwice) {
    TaskUpdate inner;
    inner.history.push_back(message("secret"));
    ASSERT_TRUE(content_.seal(inner));
    TaskUpdate update;
    update.history = inner.history;  // a client sends back what it saw somewhere
    ASSERT_TRUE(content_.seal(update));
    TaskSnapshot snapshot;
    snapshot.history = update.history;
    ASSERT_TRUE(content_.open(snapshot));
    EXPECT_EQ(*snapshot.history[0], *inner.history[0]);
}

TEST_F(SealedContentTest, NothingOpensInTheWrongPlace) {
    TaskUpdate update;
    update.history.push_back(message("hello"));
    update.checkpoint = RawJson("{\"step\":1}");
    ASSERT_TRUE(content_.seal(update));
    TaskSnapshot moved;
    moved.history = update.history;
    const SealedContent of_other(keys_, TaskId::generate());
    EXPECT_FALSE(of_other.open(moved)) << "in another task";
    TaskSnapshot swapped;
    swapped.metadata = *update.checkpoint;
    EXPECT_FALSE(content_.open(swapped)) << "as something else";
}

TEST_F(SealedContentTest, OfAPushConfigurationOnlyTheIdCanBeRead) {
    TaskPushNotificationConfig config;
    config.id = "c";
    config.url = "https://hooks.example/secret-path";
    config.token = "secret";
    config.authentication = AuthenticationInfo{"Bearer", "secret"};
    ASSERT_TRUE(content_.seal(config));
    EXPECT_EQ(config.id, "c");
    EXPECT_EQ(config.url.find("secret"), std::string::npos);
    EXPECT_FALSE(config.authentication);
    ASSERT_TRUE(content_.open(config));
    EXPECT_EQ(config.url, "https://hooks.example/secret-path");
    EXPECT_EQ(config.authentication->credentials, "secret");
}

// -- Another key

class ReencryptionTest : public ::testing::Test {
protected:
    using Kind = ContentCheck::Kind;

    /// Everything that is stored of a task, sealed, by its kind.
    [[nodiscard]] std::map<Kind, std::string> stored(const DataKeys& with) const {
        TaskUpdate update;
        update.history = {message("one"), message("two")};
        update.status = TaskStatus{TaskState::kWorking, message("status"), std::nullopt};
        update.status_metadata = RawJson("{\"event\":1}");
        update.artifacts.push_back({artifact("report", "one "), false, false, {}});
        update.artifacts.push_back({artifact("", "two"), true, true, RawJson("{\"x\":1}")});
        update.reply = message("reply");
        update.turn.emplace().message = message("turn");
        update.turn->metadata = RawJson("{\"request\":1}");
        update.checkpoint = RawJson("[7]");
        update.metadata = RawJson("{\"task\":1}");
        TaskPushNotificationConfig config;
        config.id = "c";
        config.url = "https://hooks.example/";
        const SealedContent content(with, task_);
        EXPECT_TRUE(content.seal(update));
        EXPECT_TRUE(content.seal(config));
        return {{Kind::kStatus,
                 to_stored(StoredStatus{update.status->message, update.status_metadata})},
                {Kind::kMessages, to_stored(update.history)},
                {Kind::kChunks, to_stored(update.artifacts)},
                {Kind::kInput, to_stored(*update.turn)},
                {Kind::kMessage, to_stored(**update.reply)},
                {Kind::kMetadata, std::string(update.metadata->text())},
                {Kind::kCheckpoint, std::string(update.checkpoint->text())},
                {Kind::kPushConfig, json::encode(config)}};
    }
    const TaskId task_ = TaskId::generate();
    const DataKeys old_ = keys("old:" + kKey);
    const DataKeys new_ = keys("newer:" + kOther);
    const DataKeys both_ = keys("newer:" + kOther + ",old:" + kKey);
};

TEST_F(ReencryptionTest, WhatTheOldKeyHasSealedOpensWithTheNewKeyAloneAfterwards) {
    Reencryption reencryption(both_);
    ContentCheck check(&new_);
    ContentCheck check_old(&old_);
    for (const auto& [kind, bytes] : stored(old_)) {
        ASSERT_EQ(check_old.read(kind, task_, bytes).state, ContentCheck::State::kReadable);
        ASSERT_EQ(check.read(kind, task_, bytes).state, ContentCheck::State::kEncrypted);
        const auto renewed = reencryption.renew(kind, task_, bytes);
        ASSERT_TRUE(renewed) << static_cast<int>(kind);
        EXPECT_EQ(check.read(kind, task_, *renewed).state, ContentCheck::State::kReadable)
            << static_cast<int>(kind);
        EXPECT_FALSE(reencryption.renew(kind, task_, *renewed)) << "it is renewed already";
    }
    EXPECT_EQ(reencryption.done().left, 0U);
}

TEST_F(ReencryptionTest, WhatDoesNotOpenIsLeftAndCounted) {
    Reencryption without_old(new_);
    for (const auto& [kind, bytes] : stored(old_))
        EXPECT_FALSE(without_old.renew(kind, task_, bytes));
    EXPECT_EQ(without_old.done().left, 8U);
    EXPECT_NE(without_old.done().why.find("the key \"old\""), std::string::npos);
    Reencryption of_another_task(both_);
    for (const auto& [kind, bytes] : stored(old_))
        EXPECT_FALSE(of_another_task.renew(kind, TaskId::generate(), bytes));
    EXPECT_EQ(of_another_task.done().left, 8U);
    EXPECT_FALSE(of_another_task.renew(Kind::kChunks, task_, "damaged"));
    EXPECT_EQ(of_another_task.done().left, 9U);
}

TEST_F(ReencryptionTest, WhatWasStoredWithoutAKeyStaysAsItIs) {
    Reencryption reencryption(both_);
    EXPECT_FALSE(reencryption.renew(Kind::kMessage, task_, to_stored(*message("plain"))));
    EXPECT_FALSE(reencryption.renew(Kind::kMetadata, task_, "{\"a\":1}"));
    EXPECT_FALSE(reencryption.renew_context("alice", "", "c", "{\"a\":1}"));
    EXPECT_EQ(reencryption.done().left, 0U);
}

TEST_F(ReencryptionTest, ValuesOfContextsAreRenewedInTheirPlace) {
    const RawJson plain("{\"a\":1}");
    const std::string about = about_context("alice", "acme", "c");
    const RawJson sealed = seal_json(old_, plain, about).value_or_throw();
    Reencryption reencryption(both_);
    EXPECT_FALSE(reencryption.renew_context("bob", "acme", "c", sealed.text()));
    EXPECT_EQ(reencryption.done().left, 1U);
    const auto renewed = reencryption.renew_context("alice", "acme", "c", sealed.text());
    ASSERT_TRUE(renewed);
    EXPECT_EQ(open_json(new_, RawJson(*renewed), about).value_or_throw(), plain);
    EXPECT_FALSE(reencryption.renew_context("alice", "acme", "c", *renewed));
}

}  // namespace
}  // namespace a2akit::backends
