#pragma once

#include <string>

namespace a2akit::redis {

/// A script that the server runs in one step.
struct RedisScript {
    explicit RedisScript(const char* source);
    const std::string text;
    const std::string sha1;  ///< What the server knows it by.
};

namespace lua {
extern const char* const kEnqueue;
extern const char* const kAck;
extern const char* const kNack;
extern const char* const kDue;
extern const char* const kPrepare;
extern const char* const kLeave;
extern const char* const kTidy;
extern const char* const kKeep;
}  // namespace lua

/// All scripts of this backend; each says in its source what it takes and answers.
struct RedisScripts {
    const RedisScript enqueue{lua::kEnqueue};
    const RedisScript ack{lua::kAck};
    const RedisScript nack{lua::kNack};
    const RedisScript due{lua::kDue};
    const RedisScript prepare{lua::kPrepare};
    const RedisScript leave{lua::kLeave};
    const RedisScript tidy{lua::kTidy};
    const RedisScript keep{lua::kKeep};
};

}  // namespace a2akit::redis
