#include "backends/common/merge_artifacts.hpp"

#include <gtest/gtest.h>

namespace a2akit::backends {
namespace {

ArtifactPiece piece(std::string id, std::string text, bool append, std::string name = {}) {
    Artifact artifact;
    artifact.artifact_id = std::move(id);
    artifact.name = std::move(name);
    artifact.parts.push_back(Part::from_text(std::move(text)));
    return {std::move(artifact), append};
}

TEST(MergeArtifactsTest, OnePieceIsHandedOnWithoutACopy) {
    const ArtifactPiece only = piece("a", "text", false);
    const auto merged = merge_artifacts({only});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_TRUE(merged[0].same_as(only.artifact));
}

TEST(MergeArtifactsTest, AppendedPartsFollowInOrder) {
    const auto merged = merge_artifacts({piece("a", "one ", false, "Name"), piece("b", "x", false),
                                         piece("a", "two ", true), piece("a", "three", true)});
    ASSERT_EQ(merged.size(), 2U);
    EXPECT_EQ(merged[0]->artifact_id, "a");
    EXPECT_EQ(merged[0]->name, "Name");
    EXPECT_EQ(merged[0]->text(), "one two three");
    EXPECT_EQ(merged[1]->text(), "x");
}

TEST(MergeArtifactsTest, APieceThatDoesNotAppendReplacesTheArtifactInItsPlace) {
    const auto merged = merge_artifacts(
        {piece("a", "old", false, "Old"), piece("b", "x", false), piece("a", "new", false)});
    ASSERT_EQ(merged.size(), 2U);
    EXPECT_EQ(merged[0]->text(), "new");
    EXPECT_EQ(merged[0]->name, "");
}

TEST(MergeArtifactsTest, AppendingToNothingBeginsTheArtifact) {
    const auto merged = merge_artifacts({piece("a", "tail", true), piece("a", "!", true)});
    ASSERT_EQ(merged.size(), 1U);
    EXPECT_EQ(merged[0]->text(), "tail!");
}

}  // namespace
}  // namespace a2akit::backends
