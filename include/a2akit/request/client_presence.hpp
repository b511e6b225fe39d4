#pragma once

#include <a2akit/core/loop.hpp>

#include <mutex>

namespace a2akit {

/// Whether the client of a request is still there to be answered. Safe from any thread.
///
/// The connection owns it and says when the client has left; who waits on the client's behalf need not wait any longer.
/// The task goes on: the connection is not the task.
class ClientPresence {
public:
    /// One who waits on `signal`, from its construction to its destruction, and asks `gone()` after each wake-up. At
    /// most one at a time.
    class Entry {
    public:
        /// `client` may be null: one that never leaves. REQUIRES: it and `signal` outlive this.
        Entry(ClientPresence* client, Signal& signal) noexcept;
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry();

    private:
        ClientPresence* client_;
    };

    [[nodiscard]] bool gone() const noexcept;
    /// The client has left. Wakes who waits; idempotent.
    void leave() noexcept;

private:
    mutable std::mutex mutex_;
    Signal* waiting_ = nullptr;
    bool gone_ = false;
};

}  // namespace a2akit
