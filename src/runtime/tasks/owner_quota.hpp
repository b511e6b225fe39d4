#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/storage/maintenance.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace a2akit {

/// Limits what each owner may have stored. Asked when a message arrives, so that what a handler
/// adds to a task is never refused; it counts against the next message.
///
/// Storage is the authority. Between two looks at it, at most ten seconds apart, this server counts
/// what it accepted itself; so with several nodes an owner can go beyond its limit by what the
/// others accept in that time. Safe from any thread.
class OwnerQuota {
public:
    struct Limits {
        std::int64_t tasks = 0;  ///< 0: any number
        std::int64_t bytes = 0;  ///< 0: any number
    };
    OwnerQuota(Limits limits, std::shared_ptr<Maintenance> maintenance)
        : limits_(limits), maintenance_(std::move(maintenance)) {}

    /// Counts a message of `bytes`. kResourceExhausted with retry_after when the owner has stored
    /// as much as it may; kUnavailable when Storage does not answer.
    AsyncResult<void> admit(std::string owner, bool new_task, std::int64_t bytes);

private:
    /// The use of an owner at the last look at Storage, and what was accepted since.
    struct CountedUse {
        StoredUse use;
        SteadyTime fresh_until{};
    };
    static constexpr std::size_t kMostOwners = 10'000;

    [[nodiscard]] bool is_full(const StoredUse& use, bool new_task) const noexcept;
    /// Counts the message if there is room. REQUIRES: the lock is held.
    [[nodiscard]] Result<void> count(CountedUse& counted, bool new_task, std::int64_t bytes) const;

    const Limits limits_;
    const std::shared_ptr<Maintenance> maintenance_;
    std::mutex mutex_;
    std::unordered_map<std::string, CountedUse> owners_;
};

}  // namespace a2akit
