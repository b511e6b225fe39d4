#pragma once

#include <string>

namespace a2akit::redis {

/// A script that the server runs in one step.
struct RedisScript {
    explicit RedisScript(std::string source);
    const std::string text;
    const std::string sha1;  ///< What the server knows it by.
};

namespace lua {
extern const char* const kShares;
extern const char* const kEnqueue;
extern const char* const kAck;
extern const char* const kNack;
extern const char* const kDue;
extern const char* const kPrepare;
extern const char* const kLeave;
extern const char* const kBeat;
extern const char* const kTidy;
extern const char* const kKeep;
}  // namespace lua

/// All scripts of this backend; each says in its source what it takes and answers.
struct RedisScripts {
    // Those that move entries take the keys of RedisQueue, as lua/shares.lua says.
    const RedisScript enqueue{std::string(lua::kShares) + lua::kEnqueue};
    const RedisScript ack{std::string(lua::kShares) + lua::kAck};
    const RedisScript nack{std::string(lua::kShares) + lua::kNack};
    const RedisScript due{std::string(lua::kShares) + lua::kDue};
    const RedisScript prepare{std::string(lua::kShares) + lua::kPrepare};
    const RedisScript leave{std::string(lua::kShares) + lua::kLeave};
    const RedisScript beat{std::string(lua::kShares) + lua::kBeat};
    const RedisScript tidy{lua::kTidy};
    const RedisScript keep{lua::kKeep};
};

}  // namespace a2akit::redis
