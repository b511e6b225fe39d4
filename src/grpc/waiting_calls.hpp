#pragma once

#include <a2akit/core/clock.hpp>

#include <mutex>

namespace a2akit::rpc {

/// Calls that wait for something that their clients have to do, the oldest first: each holds memory
/// and a permit until then. Safe from any thread. An entry is in one list at a time.
class WaitingCalls {
public:
    class Entry {
    public:
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

    protected:
        Entry() noexcept = default;
        ~Entry() = default;
        /// Ends the call of a client that has not done it in time. Must not call the list that
        /// calls it in place; another one it may.
        virtual void give_up() noexcept = 0;

    private:
        friend class WaitingCalls;
        Entry* before_ = nullptr;
        Entry* behind_ = nullptr;
        SteadyTime since_{};
        const WaitingCalls* list_ = nullptr;
    };

    WaitingCalls() noexcept = default;
    WaitingCalls(const WaitingCalls&) = delete;
    WaitingCalls& operator=(const WaitingCalls&) = delete;

    /// REQUIRES: `entry` is removed before it ends; `now` does not run backwards.
    void add(Entry& entry, SteadyTime now) noexcept;
    /// Does nothing when the entry is not in this list.
    void remove(Entry& entry) noexcept;
    /// Gives up the calls that were added before `limit`. Behind `remove` of an entry this either
    /// has happened to it or will not happen.
    void give_up_those_before(SteadyTime limit) noexcept;

private:
    void unlink(Entry& entry) noexcept;

    std::mutex mutex_;
    Entry* first_ = nullptr;
    Entry* last_ = nullptr;
};

}  // namespace a2akit::rpc
