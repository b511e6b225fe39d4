#pragma once

#include "backends/redis/redis_address.hpp"

#include <chrono>
#include <string>

namespace a2akit::testing {

/// The address of a server that answers, on a machine that may stand still for a while. What is
/// done about one that does not answer is tested with the limits of every day.
inline redis::RedisAddress patient(const std::string& url) {
    redis::RedisAddress address = *redis::RedisAddress::parse(url);
    address.connect_within = address.answer_within = std::chrono::minutes(1);
    return address;
}

}  // namespace a2akit::testing
