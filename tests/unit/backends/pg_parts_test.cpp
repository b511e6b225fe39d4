#include "backends/postgres/pg_address.hpp"
#include "backends/postgres/pg_error.hpp"
#include "backends/postgres/pg_pool.hpp"
#include "backends/postgres/pg_statements.hpp"
#include "backends/postgres/pg_values.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace a2akit::postgres {
namespace {

TEST(PgAddress, OurParametersAreTakenOutOfTheUrl) {
    const auto address = PgAddress::parse(
        "postgresql://u:p@h:1/d?schema=agent_1&sslmode=require&connections=3&application_name=y");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->url, "postgresql://u:p@h:1/d?sslmode=require&application_name=y");
    EXPECT_EQ(address->schema, "agent_1");
    EXPECT_EQ(address->connections, 3);
    EXPECT_FALSE(address->has_options);
}

TEST(PgAddress, WithoutParametersTheDefaultsHold) {
    const auto address = PgAddress::parse("postgres://h/d");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->url, "postgres://h/d");
    EXPECT_EQ(address->schema, "a2akit");
    EXPECT_EQ(address->connections, 4);
}

TEST(PgAddress, OptionsOfTheUrlAreNotOverruled) {
    EXPECT_TRUE(PgAddress::parse("postgres://h/d?options=-csynchronous_commit%3Doff")->has_options);
}

TEST(PgAddress, EachAttemptBeginsWithAnotherServer) {
    const auto address = PgAddress::parse("postgresql://u@a:1,b:2,c:3/d");
    ASSERT_TRUE(address);
    using Names = std::vector<std::string>;
    EXPECT_EQ(address->servers(0).hosts, (Names{"a", "b", "c"}));
    EXPECT_EQ(address->servers(1).hosts, (Names{"b", "c", "a"}));
    EXPECT_EQ(address->servers(1).ports, (Names{"2", "3", "1"}));
    EXPECT_EQ(address->servers(3).hosts, (Names{"a", "b", "c"}));
    const PgAddress copy = *address;
    address->note_success(address->servers(2));
    EXPECT_EQ(copy.servers(0).hosts, (Names{"c", "a", "b"})) << "where it was the last time";
    EXPECT_EQ(PgAddress::parse("postgresql://u@a,b/d?port=7")->servers(1).ports, (Names{"7", "7"}));
    EXPECT_EQ(PgAddress::parse("postgresql://u@a/d")->servers(1).hosts, Names{"a"});
    EXPECT_TRUE(PgAddress::parse("postgresql://u@a/d?hostaddr=10.0.0.1")->servers(0).hosts.empty());
}

TEST(PgAddress, AUrlThatLibpqCannotReadIsRefusedWithoutShowingIt) {
    for (const char* url : {"postgresql://u:hush%zz@h/d", "postgresql://u:p@h/d?pasword=hush",
                            "postgresql://[::1/hush"}) {
        const auto address = PgAddress::parse(url);
        ASSERT_FALSE(address) << url;
        EXPECT_EQ(address.error().code, ErrorCode::kInvalidParams);
        EXPECT_EQ(address.error().message.find("hush"), std::string::npos);
    }
}

TEST(PgAddress, ASchemaThatCouldReachIntoAStatementIsRefusedWithoutShowingTheUrl) {
    const std::string too_long(49, 'a');
    for (const std::string& schema :
         std::vector<std::string>{"", "a b", "a;drop", "A", "1a", "pg_temp", "a\"b", too_long}) {
        const auto address = PgAddress::parse("postgresql://u:secret@h/d?schema=" + schema);
        ASSERT_FALSE(address) << schema;
        EXPECT_EQ(address.error().code, ErrorCode::kInvalidParams);
        EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
    }
}

TEST(PgAddress, ANumberOfConnectionsThatCannotBeIsRefused) {
    for (const char* count : {"0", "-1", "101", "x", "", "3x"}) {
        EXPECT_FALSE(PgAddress::parse(std::string("postgresql://h/d?connections=") + count))
            << count;
    }
}

TEST(PgError, AnOutageMayBeTriedAgainAndAnythingElseMayNot) {
    for (const char* state :
         {"08006", "25006", "40001", "40P01", "53100", "53300", "57014", "57P01"}) {
        const Error error = statement_error(state, "text");
        EXPECT_EQ(error.code, ErrorCode::kUnavailable) << state;
        ASSERT_TRUE(error.details);
        EXPECT_TRUE(error.details->retry_after);
    }
    for (const char* state : {"23505", "54000", "22021"}) {
        EXPECT_EQ(statement_error(state, "text").code, ErrorCode::kInternal) << state;
    }
    EXPECT_EQ(statement_error("23505", "the client's data").message.find("client"),
              std::string::npos);
}

TEST(PgError, AConnectionThatFailsSaysWhatToDoAndNothingOfTheUrl) {
    const Error refused = connection_error(
        "connection to server at \"db.example\" (10.0.0.1), port 5432 failed: FATAL:  28P01: "
        "password authentication failed "
        "for user \"alice\"");
    EXPECT_NE(refused.message.find("check user and password"), std::string::npos);
    EXPECT_EQ(refused.message.find("alice"), std::string::npos);
    EXPECT_EQ(refused.message.find("10.0.0.1"), std::string::npos);
    EXPECT_EQ(connection_error("something quite new").code, ErrorCode::kUnavailable);
}

TEST(PgError, TheServersErrorsAreUnderstoodInEveryLanguage) {
    const std::pair<const char*, const char*> said[] = {
        {"28P01: Passwort-Authentifizierung f\xc3\xbcr Benutzer", "check user and password"},
        {"28000: Rolle existiert nicht", "does not let the user of the URL in"},
        {"3D000: Datenbank existiert nicht", "has no database of the URL's name"},
        {"42501: keine Berechtigung f\xc3\xbcr Datenbank", "grant it CONNECT"},
        {"53300: tut mir leid, schon zu viele Verbindungen", "raise its max_connections"},
        {"57P03: das Datenbanksystem startet", "starting up or shutting down"},
        {"55000: Datenbank akzeptiert keine Verbindungen", "takes no connections"},
    };
    for (const auto& [text, words] : said) {
        const Error error =
            connection_error(std::string("Verbindung fehlgeschlagen: SCHWERWIEGEND:  ") + text);
        EXPECT_NE(error.message.find(words), std::string::npos)
            << text << " gives " << error.message;
    }
}

TEST(PgParams, NullsAndValuesKeepTheirPlaces) {
    PgParams params;
    params.null()
        .add(std::int64_t{-2})
        .bytes("")
        .add(true)
        .add(std::optional<std::int32_t>())
        .add(std::int32_t{258});
    ASSERT_EQ(params.count(), 6);
    const auto values = params.values();
    EXPECT_EQ(values[0], nullptr);
    EXPECT_EQ(std::string(values[1], 8), std::string("\xff\xff\xff\xff\xff\xff\xff\xfe", 8));
    EXPECT_NE(values[2], nullptr) << "an empty text is no null";
    EXPECT_EQ(params.lengths()[2], 0);
    EXPECT_EQ(values[3][0], '\1');
    EXPECT_EQ(values[4], nullptr);
    EXPECT_EQ(std::string(values[5], 4), std::string("\0\0\1\2", 4));
}

TEST(PgParams, WhatIsAppendedComesBehind) {
    PgParams first;
    first.bytes("one");
    PgParams second;
    second.null().bytes("two");
    first.append(second);
    ASSERT_EQ(first.count(), 3);
    EXPECT_EQ(first.values()[1], nullptr);
    EXPECT_EQ(std::string(first.values()[2], 3), "two");
}

TEST(PgStatements, EachHasItsOwnNumberAndNameAndTheSchemaInIt) {
    const PgStatements statements("shop");
    std::set<std::size_t> numbers;
    std::set<std::string> names;
    for (const PgStatement* one :
         {&statements.create, &statements.load, &statements.claim, &statements.listen}) {
        EXPECT_TRUE(numbers.insert(one->index).second);
        EXPECT_TRUE(names.insert(one->name).second);
        EXPECT_EQ(one->sql.find('{'), std::string::npos) << one->sql;
    }
    EXPECT_EQ(statements.create.index, 0U);
    EXPECT_EQ(statements.listen.sql, "listen a2akit_shop");
}

TEST(PgPool, TheBackOffGrowsToSomeSecondsAndIsNeverTheSameForAll) {
    std::set<Duration> seen;
    for (int i = 0; i < 50; ++i) {
        EXPECT_LE(backoff(0), Duration(100));
        EXPECT_GE(backoff(20), Duration(1500));
        EXPECT_LE(backoff(20), Duration(3000));
        seen.insert(backoff(20));
    }
    EXPECT_GT(seen.size(), 10U);
}

}  // namespace
}  // namespace a2akit::postgres
