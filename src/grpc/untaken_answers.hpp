#pragma once

#include <a2akit/core/clock.hpp>

#include <mutex>

namespace a2akit::rpc {

/// The calls whose last answer their clients have still to take, the oldest first: each holds
/// memory and a slot until then. Safe from any thread.
class UntakenAnswers {
public:
    class Entry {
    public:
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

    protected:
        Entry() noexcept = default;
        ~Entry() = default;
        /// Ends the call; its answer is lost. Must not call UntakenAnswers in place.
        virtual void cancel() noexcept = 0;

    private:
        friend class UntakenAnswers;
        Entry* before_ = nullptr;
        Entry* behind_ = nullptr;
        SteadyTime since_{};
        bool listed_ = false;
    };

    UntakenAnswers() noexcept = default;
    UntakenAnswers(const UntakenAnswers&) = delete;
    UntakenAnswers& operator=(const UntakenAnswers&) = delete;

    /// REQUIRES: `entry` is removed before it ends; `now` does not run backwards.
    void add(Entry& entry, SteadyTime now) noexcept;
    /// Does nothing when the entry is not listed.
    void remove(Entry& entry) noexcept;
    /// Cancels the calls that were added before `limit`. An entry does not end meanwhile, since
    /// `remove` waits.
    void cancel_those_before(SteadyTime limit) noexcept;

private:
    void unlink(Entry& entry) noexcept;

    std::mutex mutex_;
    Entry* first_ = nullptr;
    Entry* last_ = nullptr;
};

}  // namespace a2akit::rpc
