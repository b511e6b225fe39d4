#include "security/basic_users.hpp"
#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <a2akit/testing/manual_loop.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::security {
namespace {

// openssl passwd -6 -salt abcdefgh correct
constexpr const char* kHashOfAlice =
    "$6$abcdefgh$xRrhnavKotRuHxJf64nkbpQJosQLSbh.68UmBSweveVmqsVd0pmhcVqlTk4EWnW1DyyxUflWDA6xYWEhPV"
    "SRG/";
// Of "pässword": bcrypt as htpasswd -B makes it, and yescrypt.
constexpr const char* kBcrypt = "$2b$04$5Vn/PIinSibEkBhOKdqlq.Ge5ScDoLZ3bueuLP/QcFpbvX3ZnOt.a";
constexpr const char* kYescrypt =
    "$y$j75$GmFsEuv0XAyjHrjLY4E.w1$AQjqGOTFbLMHWjWL2zoIImcV6gM/EMZ2mj88pBdmyW8";

class BasicUsersTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path) << text; }
    std::shared_ptr<BasicUsers> load(const std::string& text) {
        write(text);
        auto users = BasicUsers::load(path, clock);
        EXPECT_TRUE(users) << users.error().message;
        return users ? *users : nullptr;
    }
    /// `credentials` is the base64 of "name:password".
    Result<Principal> ask(BasicUsers& users, const std::string& credentials) {
        RequestContext context;
        context.headers = {{"authorization", "Basic " + credentials}};
        context.remote_address = "192.0.2.1";
        EXPECT_TRUE(users.is_present(context));
        std::optional<Result<Principal>> result;
        loop.start([&]() -> Async<void> { result = co_await users.identify(context, guard); })
            .join();
        return std::move(*result);
    }
    std::string refusal(const std::string& text) {
        write(text);
        const auto users = BasicUsers::load(path, clock);
        EXPECT_FALSE(users);
        return users ? std::string() : users.error().message;
    }
    LoginGuard guard;
    test_support::ThreadLoop loop;
    test_support::TemporaryDirectory directory;
    std::string path = directory.path() + "/users";
    std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
    const std::string alice = "alice:" + std::string(kHashOfAlice);
};

constexpr const char* kAliceCorrect = "YWxpY2U6Y29ycmVjdA==";   // alice:correct
constexpr const char* kAliceWrong = "YWxpY2U6d3Jvbmc=";         // alice:wrong
constexpr const char* kBobCorrect = "Ym9iOmNvcnJlY3Q=";         // bob:correct
constexpr const char* kBobPassword = "Ym9iOnDDpHNzd29yZA==";    // bob:pässword
constexpr const char* kCarolPassword = "Y2Fyb2w6cMOkc3N3b3Jk";  // carol:pässword

TEST_F(BasicUsersTest, ANameAndItsPasswordAreAPrincipalWithScopes) {
    const auto users = load("# people\n\n" + alice + ": read write\r\nbob:" + kBcrypt +
                            "\ncarol:" + kYescrypt + "\n");
    const auto who = ask(*users, kAliceCorrect);
    ASSERT_TRUE(who);
    EXPECT_EQ(who->name, "alice");
    EXPECT_EQ(who->scopes, (std::vector<std::string>{"read", "write"}));
    EXPECT_TRUE(ask(*users, kBobPassword));
    EXPECT_TRUE(ask(*users, kCarolPassword));
}

TEST_F(BasicUsersTest, AnythingElseIsRefused) {
    const auto users = load(alice + "\n");
    for (const char* wrong : {kAliceWrong, kBobCorrect, "YWxpY2U=", "!!", "YWxpY2U6",
                              "YWxpY2U6AA==", "Y29ycmVjdDphbGljZQ=="}) {
        const auto refused = ask(*users, wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
        EXPECT_EQ(refused.error().details->challenge, R"(Basic realm="a2a", charset="UTF-8")");
    }
    RequestContext bearer;
    bearer.headers = {{"authorization", "Bearer YWxpY2U6Y29ycmVjdA=="}};
    EXPECT_FALSE(users->is_present(bearer));
}

TEST_F(BasicUsersTest, ANameThatDoesNotExistCostsAHashToo) {
    const auto users = load(alice + "\n");
    EXPECT_FALSE(ask(*users, kBobCorrect));
    EXPECT_EQ(users->hashed(), 1U);
}

TEST_F(BasicUsersTest, ARightPasswordIsHashedOnceInFiveMinutes) {
    const auto users = load(alice + "\n");
    ASSERT_TRUE(ask(*users, kAliceCorrect));
    ASSERT_TRUE(ask(*users, kAliceCorrect));
    EXPECT_EQ(users->hashed(), 1U);
    EXPECT_FALSE(ask(*users, kAliceWrong));
    clock->advance(std::chrono::minutes(5));
    ASSERT_TRUE(ask(*users, kAliceCorrect));
    EXPECT_EQ(users->hashed(), 3U);
}

TEST_F(BasicUsersTest, AfterManyWrongPasswordsOnlyThoseThatWereRightBeforeAreAccepted) {
    const auto users = load(alice + "\nbob:" + kBcrypt + "\n");
    ASSERT_TRUE(ask(*users, kAliceCorrect));
    int wrong = 0;
    while (ask(*users, kAliceWrong).error().code == ErrorCode::kUnauthenticated)
        ASSERT_LT(++wrong, 1000);
    EXPECT_GE(wrong, 20);
    EXPECT_TRUE(ask(*users, kAliceCorrect));
}

TEST_F(BasicUsersTest, AReloadTakesPasswordsAwayAtOnce) {
    const auto users = load(alice + "\n");
    ASSERT_TRUE(ask(*users, kAliceCorrect));
    write("bob:" + std::string(kBcrypt) + "\n");
    const auto renew = users->read_again();
    ASSERT_TRUE(renew);
    (*renew)();
    EXPECT_FALSE(ask(*users, kAliceCorrect));
    EXPECT_TRUE(ask(*users, kBobPassword));
    write("bob\n");
    EXPECT_FALSE(users->read_again());
    EXPECT_TRUE(ask(*users, kBobPassword));
}

TEST_F(BasicUsersTest, AWrongLineIsNamedWithoutItsHash) {
    EXPECT_NE(refusal(alice + "\n\nbob\n").find("line 3 has no hash"), std::string::npos);
    const std::string plain = refusal("alice:the-password-itself-in-the-clear\n");
    EXPECT_NE(plain.find("line 1 has no hash that crypt(3) knows"), std::string::npos);
    EXPECT_EQ(plain.find("itself"), std::string::npos);
    EXPECT_NE(refusal("alice:$6$abcdefgh$\n").find("line 1 has no hash"), std::string::npos);
    EXPECT_NE(refusal("alice:$apr1$abcdefgh$pKcNHy9ZB1D2ZDxbRDRAa1\n").find("crypt(3)"),
              std::string::npos);
    EXPECT_NE(refusal(alice + "\n" + alice + "\n").find("line 2 repeats"), std::string::npos);
    EXPECT_NE(refusal(":" + std::string(kHashOfAlice)).find("no name"), std::string::npos);
    EXPECT_NE(refusal("# nobody\n").find("names no users"), std::string::npos);
    EXPECT_FALSE(BasicUsers::load(directory.file("none"), clock));
}

TEST(ExpiringCache, IsBoundedAndForgetsWhatWasNotUsed) {
    ExpiringCache<int> cache(2);
    const Timestamp now(std::chrono::hours(1));
    const Timestamp later = now + std::chrono::seconds(1);
    cache.put(sha256("a"), 1, now, later);
    cache.put(sha256("b"), 2, now, later);
    EXPECT_EQ(cache.find(sha256("a"), now), 1);
    cache.put(sha256("c"), 3, now, later);
    EXPECT_EQ(cache.size(), 2U);
    EXPECT_FALSE(cache.find(sha256("b"), now));
    EXPECT_EQ(cache.find(sha256("a"), now), 1);
    EXPECT_FALSE(cache.find(sha256("a"), later));
    EXPECT_EQ(cache.size(), 1U);
    // The clock was set back.
    EXPECT_FALSE(cache.find(sha256("c"), now - std::chrono::hours(1)));
}

}  // namespace
}  // namespace a2akit::security
