#pragma once

#include "backends/postgres/run_queue.hpp"

#include <a2akit/storage/storage.hpp>

#include <cstdint>
#include <optional>

namespace a2akit::postgres {

/// The claim of a run in the write that makes its task, if a receiver of this process has room for
/// it.
class ClaimAhead {
public:
    ClaimAhead(PostgresNode& node, bool makes_turn);
    /// A claim that may have been written, but was not delivered, is given back soon.
    ~ClaimAhead();
    ClaimAhead(const ClaimAhead&) = delete;
    ClaimAhead& operator=(const ClaimAhead&) = delete;

    /// Adds the last three parameters of the write; each is null when nothing is claimed.
    void add_to(PgParams& params);
    /// The write was answered: a claim that is not delivered now was never written.
    void settled() noexcept { unknown_ = false; }
    /// `made`: the task as the write made it; `owner`: as the queue numbers it.
    void deliver(TaskSnapshot made, TurnInput input, const Appended& appended, std::uint64_t owner,
                 Timestamp time);

private:
    RunQueue& queue_;
    std::optional<RunQueue::Claim> claim_;
    bool unknown_ = false;
};

}  // namespace a2akit::postgres
