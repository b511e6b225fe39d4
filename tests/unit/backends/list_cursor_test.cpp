#include "backends/common/list_cursor.hpp"

#include <gtest/gtest.h>

namespace a2akit::backends {
namespace {

const OwnerScope kAlice{"alice", "shop", false};

ListCursor some_cursor() {
    return {Timestamp(Duration(1'700'000'000'123)), Timestamp(Duration(1'700'000'000'042)),
            TaskId::generate(), 77};
}

ListQuery some_query() {
    ListQuery query;
    query.context_id = "c-1";
    query.state = TaskState::kWorking;
    return query;
}

class CursorCodecTest : public ::testing::Test {
protected:
    CursorCodec codec_{CursorCodec::random_key()};
};

TEST_F(CursorCodecTest, ReadsBackWhatItWrote) {
    const ListCursor cursor = some_cursor();
    const auto read = codec_.read(codec_.write(cursor, kAlice, some_query()), kAlice, some_query());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->started, cursor.started);
    EXPECT_EQ(read->last_time, cursor.last_time);
    EXPECT_EQ(read->last_id, cursor.last_id);
    EXPECT_EQ(read->total, 77);
}

TEST_F(CursorCodecTest, RefusesEveryAlteredCharacter) {
    const std::string token = codec_.write(some_cursor(), kAlice, some_query());
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string altered = token;
        altered[i] = altered[i] == 'A' ? 'B' : 'A';
        const auto read = codec_.read(altered, kAlice, some_query());
        ASSERT_FALSE(read) << "character " << i;
        EXPECT_EQ(read.error().code, ErrorCode::kInvalidParams);
    }
}

TEST_F(CursorCodecTest, RefusesPaddingInPlaceOfALastCharacter) {
    std::string token;
    do {
        token = codec_.write(some_cursor(), kAlice, some_query());
    } while (token.back() != 'A');
    token.back() = '=';
    EXPECT_FALSE(codec_.read(token, kAlice, some_query()));
}

TEST_F(CursorCodecTest, RefusesTheTokenOfAnotherOwnerTenantOrFilter) {
    const std::string token = codec_.write(some_cursor(), kAlice, some_query());
    EXPECT_FALSE(codec_.read(token, {"bob", "shop", false}, some_query()));
    EXPECT_FALSE(codec_.read(token, {"alice", "", false}, some_query()));
    ListQuery other = some_query();
    other.state = TaskState::kCompleted;
    EXPECT_FALSE(codec_.read(token, kAlice, other));
    other = some_query();
    other.context_id = "c-2";
    EXPECT_FALSE(codec_.read(token, kAlice, other));
    other = some_query();
    other.status_after = Timestamp(Duration(5));
    EXPECT_FALSE(codec_.read(token, kAlice, other));
}

TEST_F(CursorCodecTest, AnotherPageSizeIsNoOtherListing) {
    const std::string token = codec_.write(some_cursor(), kAlice, some_query());
    ListQuery larger = some_query();
    larger.page_size = 100;
    EXPECT_TRUE(codec_.read(token, kAlice, larger));
}

TEST_F(CursorCodecTest, RefusesAnotherKeyAndAnyOtherText) {
    const std::string token = codec_.write(some_cursor(), kAlice, some_query());
    EXPECT_FALSE(CursorCodec(CursorCodec::random_key()).read(token, kAlice, some_query()));
    EXPECT_FALSE(codec_.read("x", kAlice, some_query()));
    EXPECT_FALSE(codec_.read(std::string(token.size(), '='), kAlice, some_query()));
    EXPECT_FALSE(codec_.read(token + token, kAlice, some_query()));
}

}  // namespace
}  // namespace a2akit::backends
