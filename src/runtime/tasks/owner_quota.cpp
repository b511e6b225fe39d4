#include "runtime/tasks/owner_quota.hpp"

#include <a2akit/core/loop.hpp>

#include <string>
#include <utility>

namespace a2akit {
namespace {

constexpr Duration kLookEvery = std::chrono::seconds(10);
/// An owner whose quota is used up may have had tasks erased.
constexpr Duration kLookEveryWhenFull = std::chrono::seconds(2);

}  // namespace

bool OwnerQuota::is_full(const StoredUse& use, bool new_task) const noexcept {
    return (new_task && limits_.tasks > 0 && use.tasks >= limits_.tasks) ||
           (limits_.bytes > 0 && use.bytes >= limits_.bytes);
}

Result<void> OwnerQuota::count(CountedUse& counted, bool new_task, std::int64_t bytes) const {
    if (!is_full(counted.use, new_task)) {
        counted.use.tasks += new_task ? 1 : 0;
        counted.use.bytes += bytes;
        return {};
    }
    Error::Details details;
    details.retry_after = kLookEvery;
    const bool by_bytes = limits_.bytes > 0 && counted.use.bytes >= limits_.bytes;
    return fail(Error{ErrorCode::kResourceExhausted,
                      by_bytes
                          ? "your tasks take as many bytes as they may; some of them have to "
                            "be erased before you can send more"
                          : "you have as many tasks as you may; some of them have to be erased "
                            "before you can begin another",
                      nullptr}
                    .with(std::move(details)));
}

AsyncResult<void> OwnerQuota::admit(std::string owner, bool new_task, std::int64_t bytes) {
    const SteadyTime now = Loop::current()->now();
    {
        const std::lock_guard lock(mutex_);
        const auto found = owners_.find(owner);
        if (found != owners_.end() && now < found->second.fresh_until)
            co_return count(found->second, new_task, bytes);
        // The other callers go by what is known until this look has its answer.
        if (found != owners_.end()) found->second.fresh_until = now + kLookEveryWhenFull;
    }
    const Result<StoredUse> use = co_await maintenance_->stored_use(owner, limits_.bytes > 0);
    if (!use) co_return fail(use.error());
    const std::lock_guard lock(mutex_);
    if (owners_.size() >= kMostOwners) owners_.clear();
    CountedUse& counted = owners_[std::move(owner)];
    counted.use = *use;
    const bool full = is_full(*use, true);
    counted.fresh_until = now + (full ? kLookEveryWhenFull : kLookEvery);
    co_return count(counted, new_task, bytes);
}

}  // namespace a2akit
