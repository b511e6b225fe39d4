#include "backends/redis/redis_error.hpp"

#include "backends/common/log_pace.hpp"
#include "core/log.hpp"

#include <array>
#include <chrono>
#include <utility>

namespace a2akit::redis {
namespace {

constexpr std::chrono::milliseconds kRetryAfter(1000);

struct Meaning {
    std::string_view sign;  ///< How the server's message begins.
    std::string_view words;
};

constexpr std::array kOutages{
    Meaning{"OOM",
            "the memory of Redis is full (maxmemory is reached); raise maxmemory or free some"},
    Meaning{"READONLY",
            "Redis takes no writes: it is a read-only replica; name the primary in the URL"},
    Meaning{"MISCONF",
            "Redis takes no writes, since it cannot save its data to disk; see the log of Redis"},
    Meaning{"NOREPLICAS",
            "Redis takes no writes, since it has too few replicas (min-replicas-to-write)"},
    Meaning{"LOADING", "Redis is starting up"},
    Meaning{"BUSY ", "Redis is busy with a script of somebody's"},
    Meaning{"MASTERDOWN", "Redis is a replica without its primary; name the primary in the URL"},
    Meaning{"CLUSTERDOWN", "the Redis cluster is down"},
    Meaning{"MOVED",
            "this Redis is a cluster, of which this node does not hold our keys; name a Redis that "
            "is not a cluster"},
    Meaning{"NOAUTH", "Redis asks for a password; put one into the URL (redis://:password@host)"},
    Meaning{"WRONGPASS", "Redis refuses the credentials; check user and password in the URL"},
    Meaning{"ERR AUTH",
            "Redis has no password set, but the URL has one; take it out of the URL or set "
            "requirepass"},
    Meaning{"ERR invalid DB index",
            "Redis has no database of that number; correct the URL, or raise its `databases`"},
    Meaning{"ERR DB index",
            "Redis has no database of that number; correct the URL, or raise its `databases`"},
    Meaning{"ERR max number of clients", "Redis has no connection left; raise its maxclients"},
    Meaning{"ERR SELECT is not allowed",
            "this Redis is a cluster; name a Redis that is not a cluster"},
    Meaning{"NOPERM",
            "the user of the Redis URL lacks a right; the deployment guide has its rule for ACL "
            "SETUSER"},
    Meaning{"WRONGTYPE",
            "a key of ours belongs to something else in this Redis; choose another "
            "A2AKIT_REDIS_KEY_PREFIX"},
    Meaning{"ERR unknown command", "this server lacks a command; a2akit needs Redis 7 or later"},
    Meaning{"-DENIED", "Redis is in protected mode; set a password and put it into the URL"},
    Meaning{"DENIED", "Redis is in protected mode; set a password and put it into the URL"},
};

backends::LogPace<kOutages.size() + 1> log_pace;

}  // namespace

Error unavailable(std::string message) {
    return Error::unavailable(std::move(message), kRetryAfter);
}

Error connection_lost() { return unavailable("Redis does not answer"); }

Error not_redis() {
    return unavailable(
        "what answers at the Redis URL does not speak its protocol; check host and port, and "
        "whether it "
        "wants TLS (rediss://)");
}

Error reply_error(std::string_view message) {
    for (std::size_t kind = 0; kind < kOutages.size(); ++kind) {
        if (!message.starts_with(kOutages[kind].sign)) continue;
        if (log_pace.is_time(kind))
            log::warn("redis error=\"{}\": {}", message, kOutages[kind].words);
        return unavailable(std::string(kOutages[kind].words));
    }
    if (log_pace.is_time(kOutages.size())) log::error("redis error=\"{}\"", message);
    return Error{ErrorCode::kInternal, "Redis refused a command", nullptr};
}

}  // namespace a2akit::redis
