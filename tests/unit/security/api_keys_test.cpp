#include "security/api_keys.hpp"
#include "support/temporary_directory.hpp"
#include "support/thread_loop.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace a2akit::security {
namespace {

using test_support::TemporaryDirectory;

// printf %s carols-secret-key-1 | sha256sum
constexpr const char* kHashOfCarol =
    "sha256:d62aa0afc4cd430292ef33492fd66e7ece23690224a7e77d4eec52f90b942e2e";

class ApiKeysTest : public ::testing::Test {
protected:
    void write(const std::string& text) { std::ofstream(path) << text; }
    std::shared_ptr<ApiKeys> load(const std::string& text) {
        write(text);
        auto keys = ApiKeys::load(path);
        EXPECT_TRUE(keys) << keys.error().message;
        return keys ? *keys : nullptr;
    }
    Result<Principal> ask(ApiKeys& keys, const std::string& header, const std::string& value) {
        RequestContext context;
        context.headers = {{header, value}};
        EXPECT_TRUE(keys.is_present(context));
        std::optional<Result<Principal>> result;
        loop.start([&]() -> Async<void> { result = co_await keys.identify(context, guard); })
            .join();
        return std::move(*result);
    }
    /// The message of a file that is refused.
    std::string refusal(const std::string& text) {
        write(text);
        const auto keys = ApiKeys::load(path);
        EXPECT_FALSE(keys);
        return keys ? std::string() : keys.error().message;
    }
    LoginGuard guard;
    test_support::ThreadLoop loop;
    TemporaryDirectory directory;
    std::string path = directory.path() + "/keys";
};

TEST_F(ApiKeysTest, AKeyNamesItsPrincipalAndScopes) {
    const auto keys = load(
        std::string("# who may call\n\nalice alices-secret-key#1 read write # her laptop\r\n") +
        "carol\t" + kHashOfCarol + "\n");
    const auto alice = ask(*keys, "x-api-key", "alices-secret-key#1");
    ASSERT_TRUE(alice);
    EXPECT_EQ(alice->name, "alice");
    EXPECT_EQ(alice->scopes, (std::vector<std::string>{"read", "write"}));
    const auto carol = ask(*keys, "authorization", "bearer carols-secret-key-1");
    ASSERT_TRUE(carol);
    EXPECT_EQ(carol->name, "carol");
}

TEST_F(ApiKeysTest, AnythingElseIsRefused) {
    const auto keys = load(std::string("alice alices-secret-key\ncarol ") + kHashOfCarol + "\n");
    for (const std::string wrong : {"alices-secret-keY", "alices-secret-key2", "a", kHashOfCarol,
                                    "alice", "alice alices-secret-key"}) {
        const auto refused = ask(*keys, "x-api-key", wrong);
        ASSERT_FALSE(refused) << wrong;
        EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
        EXPECT_EQ(refused.error().message.find(wrong.substr(0, 8) + "s-"), std::string::npos);
    }
    RequestContext basic;
    basic.headers = {{"authorization", "Basic YWxpY2U6eA=="}};
    EXPECT_FALSE(keys->is_present(basic));
    EXPECT_FALSE(keys->is_present(RequestContext{}));
}

TEST_F(ApiKeysTest, BearerTokensThatLookLikeAJwtCanBeLeftToAnother) {
    const auto keys = load("alice alices-secret-key\n");
    RequestContext context;
    context.headers = {{"authorization", "Bearer a.b.c"}};
    EXPECT_TRUE(keys->is_present(context));
    keys->leave_jwts();
    EXPECT_FALSE(keys->is_present(context));
}

TEST_F(ApiKeysTest, AReloadReplacesTheKeysUnlessTheFileIsWrong) {
    const auto keys = load("alice alices-secret-key\n");
    write("bob bobs-secret-key-1\n");
    const auto renew = keys->read_again();
    ASSERT_TRUE(renew);
    (*renew)();
    EXPECT_FALSE(ask(*keys, "x-api-key", "alices-secret-key"));
    EXPECT_TRUE(ask(*keys, "x-api-key", "bobs-secret-key-1"));
    write("bob\n");
    EXPECT_FALSE(keys->read_again());
    EXPECT_TRUE(ask(*keys, "x-api-key", "bobs-secret-key-1"));
}

TEST_F(ApiKeysTest, AWrongLineIsNamedWithoutItsKey) {
    EXPECT_NE(refusal("alice alices-secret-key\n\nbob\n").find("line 3 has no key"),
              std::string::npos);
    EXPECT_NE(refusal("alice sha256:1234\n").find("line 1 has a hash"), std::string::npos);
    const std::string twice = refusal("alice shared-secret-key\nbob shared-secret-key\n");
    EXPECT_NE(twice.find("line 2 repeats"), std::string::npos);
    EXPECT_EQ(twice.find("shared-secret"), std::string::npos);
    EXPECT_NE(refusal(std::string(257, 'a') + " key\n").find("more than 256"), std::string::npos);
    EXPECT_NE(refusal("al\xffice alices-secret-key\n").find("UTF-8"), std::string::npos);
    EXPECT_NE(refusal("# nobody\n").find("holds no keys"), std::string::npos);
    EXPECT_FALSE(ApiKeys::load(directory.file("none")));
}

}  // namespace
}  // namespace a2akit::security
