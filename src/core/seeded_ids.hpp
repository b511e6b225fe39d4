#pragma once

#include <cstdint>

namespace a2akit {

/// Until it is destroyed, the ids that this thread generates follow from the seed, for tests that
/// must go the same way twice: shards, and so orders, depend on ids. REQUIRES: no other one lives
/// on this thread.
class SeededIds {
public:
    explicit SeededIds(std::uint64_t seed) noexcept;
    ~SeededIds();
    SeededIds(const SeededIds&) = delete;
    SeededIds& operator=(const SeededIds&) = delete;
};

}  // namespace a2akit
