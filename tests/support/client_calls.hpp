#pragma once

#include <a2akit/client/client.hpp>
#include <a2akit/testing/scripted_server.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

/// What the tables of bad servers have in common: the calls that meet a server, and the one error
/// that each of them ends in.
namespace a2akit::test_support {

enum class Asked : std::uint8_t { kGet, kSend, kList, kCancel, kPush, kCard, kStream, kSubscribe };

inline void read_to_its_end(ClientStream stream) {
    while (stream.next()) {
    }
}

inline void ask(Client& client, Asked asked) {
    switch (asked) {
        case Asked::kGet:
            return (void)client.get_task("t1");
        case Asked::kSend:
            return (void)client.send("hi");
        case Asked::kList:
            return (void)client.tasks().next();
        case Asked::kCancel:
            return (void)client.cancel("t1");
        case Asked::kPush:
            return (void)client.list_push_configs("t1");
        case Asked::kCard:
            return (void)client.extended_card();
        case Asked::kStream:
            return read_to_its_end(client.stream("hi"));
        case Asked::kSubscribe:
            return read_to_its_end(client.subscribe("t1"));
    }
}

/// `head`, and then `piece` until the client has gone.
inline testing::ScriptedServer::Script endless(std::string head, std::string piece) {
    return [head = std::move(head), piece = std::move(piece)](
               const testing::ScriptedRequest&, testing::ScriptedConnection& connection) {
        connection.send(head);
        while (connection.send(piece)) {
        }
    };
}

/// A call of a server that does this fails with this code, and with a message that has `part` in
/// it.
inline void expect_one_error(const testing::ScriptedServer::Script& script,
                             const std::string& binding, ClientOptions options, Asked asked,
                             ErrorCode code, const std::string& part) {
    SCOPED_TRACE(binding + ", call " + std::to_string(static_cast<int>(asked)));
    testing::ScriptedServer server(script);
    Client client(parse_card(server.card(binding)), std::move(options));
    try {
        ask(client, asked);
        ADD_FAILURE() << "nothing was thrown";
    } catch (const Exception& exception) {
        EXPECT_EQ(to_string(exception.code()), to_string(code));
        EXPECT_THAT(exception.error().message, ::testing::HasSubstr(part));
        EXPECT_FALSE(exception.error().message.empty());
    }
}

}  // namespace a2akit::test_support
