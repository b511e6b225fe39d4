#include "backends/redis/server_info.hpp"

#include <algorithm>
#include <charconv>

namespace a2akit::redis {
namespace {

constexpr int kOldest = 7;

}  // namespace

ServerInfo ServerInfo::read(std::string_view info) {
    ServerInfo read;
    while (!info.empty()) {
        std::string_view line = info.substr(0, info.find('\n'));
        info.remove_prefix(std::min(line.size() + 1, info.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::string_view key = line.substr(0, line.find(':'));
        if (key.size() == line.size()) continue;
        const std::string_view value = line.substr(key.size() + 1);
        if (key == "redis_version")
            std::from_chars(value.data(), value.data() + value.size(), read.major);
        else if (key == "role")
            read.is_replica = value == "slave";
        else if (key == "cluster_enabled")
            read.is_cluster = value == "1";
        else if (key == "maxmemory_policy")
            read.eviction = value;
    }
    return read;
}

std::optional<std::string> ServerInfo::problem() const {
    if (major != 0 && major < kOldest) {
        return "Redis is version " + std::to_string(major) + "; a2akit needs Redis 7 or later";
    }
    if (is_cluster) return "this Redis is a cluster; name a Redis that is not a cluster in the URL";
    if (is_replica)
        return "Redis takes no writes: it is a read-only replica; name the primary in the URL";
    return std::nullopt;
}

std::optional<std::string> ServerInfo::warning() const {
    if (!eviction.starts_with("allkeys-")) return std::nullopt;
    return "maxmemory-policy=" + eviction +
           ": Redis may evict the queue, and tasks then wait for a sweep; set it to noeviction "
           "(CONFIG SET "
           "maxmemory-policy noeviction) or give a2akit a Redis of its own";
}

}  // namespace a2akit::redis
