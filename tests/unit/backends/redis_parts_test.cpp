#include "backends/redis/redis_address.hpp"
#include "backends/redis/redis_error.hpp"
#include "backends/redis/redis_link.hpp"
#include "backends/redis/redis_reply.hpp"
#include "backends/redis/redis_scripts.hpp"
#include "backends/redis/server_info.hpp"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <string>
#include <vector>

namespace a2akit::redis {
namespace {

TEST(RedisAddress, EveryPartIsRead) {
    const auto address =
        RedisAddress::parse("redis://alice:p%40ss%2Fword@db.example:7000/3?prefix=a%3Ab:");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "db.example");
    EXPECT_EQ(address->port, 7000);
    EXPECT_EQ(address->user, "alice");
    EXPECT_EQ(address->password, "p@ss/word");
    EXPECT_EQ(address->database, 3);
    EXPECT_EQ(address->prefix, "a:b:");
    EXPECT_FALSE(address->tls);
}

TEST(RedisAddress, WithoutPartsTheDefaultsHold) {
    for (const char* url : {"redis://h", "redis://h/"}) {
        const auto address = RedisAddress::parse(url);
        ASSERT_TRUE(address);
        EXPECT_EQ(address->host, "h");
        EXPECT_EQ(address->port, 6379);
        EXPECT_EQ(address->user, "");
        EXPECT_EQ(address->password, "");
        EXPECT_EQ(address->database, 0);
        EXPECT_FALSE(address->prefix);
    }
}

TEST(RedisAddress, APasswordAloneIsTheDefaultUsers) {
    const auto address = RedisAddress::parse("redis://:a:b@h:1");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->user, "");
    EXPECT_EQ(address->password, "a:b");
    EXPECT_EQ(address->port, 1);
}

TEST(RedisAddress, AnAddressOfIpv6StandsInBrackets) {
    const auto address = RedisAddress::parse("redis://u:p@[::1]:7000/1");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "::1");
    EXPECT_EQ(address->port, 7000);
    EXPECT_EQ(RedisAddress::parse("redis://[fe80::2]")->host, "fe80::2");
}

TEST(RedisAddress, FilesOfTlsAreTaken) {
    const auto address =
        RedisAddress::parse("rediss://h?cafile=/a%20b.pem&certfile=c.pem&keyfile=k.pem&");
    ASSERT_TRUE(address);
    EXPECT_TRUE(address->tls);
    EXPECT_EQ(address->ca_file, "/a b.pem");
    EXPECT_EQ(address->certificate_file, "c.pem");
    EXPECT_EQ(address->key_file, "k.pem");
}

TEST(RedisAddress, WhatIsWrongIsNamedAndNothingElseShown) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"redis:secret", "write redis://"},
        {"redis://secret@h", "credentials: "},
        {"redis://u:secret%4@h", "credentials: "},
        {"redis://u:secret%zz@h", "credentials: "},
        {"redis://u:secret@", "host: "},
        {"redis://u:secret@[::1", "host: "},
        {"redis://u:secret@[::1]1", "host: "},
        {"redis://u:secret@h:0", "port: "},
        {"redis://u:secret@h:65536", "port: "},
        {"redis://u:secret@h:12x", "port: "},
        {"redis://u:secret@h/x", "database: "},
        {"redis://u:secret@h/-1", "database: "},
        {"redis://u:p/secret@h/0", "port: "},
        {"redis://u:secret@h?color=red", "parameters: "},
        {"redis://u:secret@h?cafile=x", "parameters: "},
        {"rediss://u:secret@h?keyfile=x", "keyfile: "},
    };
    for (const auto& [url, expected] : cases) {
        const auto address = RedisAddress::parse(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().code, ErrorCode::kInvalidParams);
        EXPECT_EQ(address.error().message.find(expected), 0U)
            << url << ": " << address.error().message;
        EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
    }
}

TEST(RedisError, AnOutageMayBeTriedAgainAndAnythingElseMayNot) {
    for (const char* said :
         {"OOM command not allowed when used memory > 'maxmemory'.", "READONLY You can't write",
          "LOADING Redis is loading the dataset in memory", "NOAUTH Authentication required.",
          "WRONGPASS invalid username-password pair", "NOPERM this user has no permissions",
          "ERR unknown command 'XAUTOCLAIM'",
          "MISCONF Redis is configured to save RDB snapshots"}) {
        const Error error = reply_error(said);
        EXPECT_EQ(error.code, ErrorCode::kUnavailable) << said;
        ASSERT_TRUE(error.details);
        EXPECT_TRUE(error.details->retry_after);
    }
    EXPECT_EQ(reply_error("ERR syntax error").code, ErrorCode::kInternal);
    EXPECT_EQ(reply_error("ERR about the client's data").message.find("client"), std::string::npos);
}

TEST(RedisCommand, AWordMayHoldAnyBytes) {
    using namespace std::string_literals;
    RedisCommand command{"SET", "a\0\r\n"s};
    command.add(-12).add("");
    EXPECT_EQ(command.formatted(), "*4\r\n$3\r\nSET\r\n$4\r\na\0\r\n\r\n$3\r\n-12\r\n$0\r\n\r\n"s);
}

/// What hiredis makes of these bytes.
RedisReply read(const std::string& bytes) {
    redisReader* const reader = ::redisReaderCreate();
    void* made = nullptr;
    EXPECT_EQ(::redisReaderFeed(reader, bytes.data(), bytes.size()), REDIS_OK);
    EXPECT_EQ(::redisReaderGetReply(reader, &made), REDIS_OK);
    ::redisReaderFree(reader);
    return RedisReply(static_cast<redisReply*>(made));
}

TEST(RedisValue, EachKindIsReadAsWhatItIsAndAsNothingElse) {
    const RedisReply reply = read("*5\r\n:7\r\n$2\r\nab\r\n+OK\r\n$-1\r\n*1\r\n:1\r\n");
    const RedisValue value = reply.value();
    ASSERT_EQ(value.size(), 5U);
    EXPECT_EQ(value[0].number(), 7);
    EXPECT_EQ(value[0].text(), "");
    EXPECT_EQ(value[0].size(), 0U);
    EXPECT_EQ(value[1].text(), "ab");
    EXPECT_EQ(value[1].number(), 0);
    EXPECT_EQ(value[2].text(), "OK");
    EXPECT_TRUE(value[3].is_nil());
    EXPECT_EQ(value[4][0].number(), 1);
    EXPECT_FALSE(value.is_error());
    EXPECT_TRUE(value[5].is_nil());
    EXPECT_TRUE(value[5][1][2].is_nil()) << "what is not there holds nothing";
}

TEST(RedisValue, AnErrorSaysWhatTheServerSaid) {
    const RedisReply reply = read("-NOGROUP No such key\r\n");
    EXPECT_TRUE(reply.value().is_error());
    EXPECT_EQ(reply.value().text(), "NOGROUP No such key");
    EXPECT_TRUE(RedisReply().value().is_nil());
}

TEST(RedisScripts, AScriptIsKnownByTheDigestOfItsText) {
    EXPECT_EQ(RedisScript("return 1").sha1, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(ServerInfo, AnUnusableServerSaysWhatToDo) {
    const auto problem = [](const char* info) {
        return ServerInfo::read(info).problem().value_or("");
    };
    EXPECT_EQ(problem("# Server\r\nredis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\n"),
              "");
    EXPECT_EQ(problem("# Server\r\nredis_version:10.1\r\n"), "");
    EXPECT_EQ(problem("redis_version:6.2.14\r\n"),
              "Redis is version 6; a2akit needs Redis 7 or later");
    EXPECT_NE(problem("redis_version:7.2.0\r\nrole:slave\r\n").find("name the primary"),
              std::string::npos);
    EXPECT_NE(problem("redis_version:7.2.0\r\ncluster_enabled:1\r\n").find("not a cluster"),
              std::string::npos);
}

TEST(ServerInfo, AServerThatEvictsTheQueueIsWarnedOf) {
    EXPECT_FALSE(ServerInfo::read("maxmemory_policy:noeviction\r\n").warning());
    EXPECT_FALSE(ServerInfo::read("maxmemory_policy:volatile-lru\r\n").warning())
        << "the queue has no expiry";
    const auto warning = ServerInfo::read("maxmemory_policy:allkeys-lru\r\n").warning();
    ASSERT_TRUE(warning);
    EXPECT_NE(warning->find("noeviction"), std::string::npos);
}

TEST(RedisLink, TheWaitBetweenAttemptsGrowsToSecondsAndVaries) {
    for (int attempt = 0; attempt < 40; ++attempt) {
        const Duration longest(std::min(50 << std::min(attempt, 6), 2000));
        for (int i = 0; i < 20; ++i) {
            EXPECT_GE(backoff(attempt), longest / 2);
            EXPECT_LE(backoff(attempt), longest);
        }
    }
}

}  // namespace
}  // namespace a2akit::redis
