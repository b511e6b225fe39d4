#include "runtime/tasks/media_range.hpp"

#include <gtest/gtest.h>

namespace a2akit {
namespace {

TEST(MediaRangeTest, CoversItselfInAnyCaseWithAnyParameters) {
    EXPECT_TRUE(media_range_covers("text/plain", "text/plain"));
    EXPECT_TRUE(media_range_covers("Text/Plain", "text/plain; charset=utf-8"));
    EXPECT_TRUE(media_range_covers("text/plain;q=0.5", "text/plain"));
    EXPECT_FALSE(media_range_covers("text/plain", "text/html"));
}

TEST(MediaRangeTest, WildcardsCoverFamiliesAndEverything) {
    EXPECT_TRUE(media_range_covers("*/*", "image/png"));
    EXPECT_TRUE(media_range_covers("text/*", "text/markdown"));
    EXPECT_FALSE(media_range_covers("text/*", "image/png"));
    EXPECT_FALSE(media_range_covers("text/*", "text"));
    EXPECT_FALSE(media_range_covers("te/*", "text/plain"));
}

}  // namespace
}  // namespace a2akit
