#pragma once

#include <a2akit/core/loop.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace a2akit {

/// Whether the client of a request is still there to be answered. Safe from any thread.
///
/// The connection owns it and reports when the client has left; code that waits on the client's
/// behalf can then stop waiting. The task goes on: the connection is not the task.
///
/// The handler of a send reports here when the message is stored. From then on the connection may
/// begin the response before its content is known, so that the client does not give up while
/// nothing arrives.
class ClientPresence {
public:
    /// One who waits on `signal`, from its construction to its destruction, and asks `gone()` after
    /// each wake-up. At most one at a time.
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

    /// The message of the current request is stored: the request can take its time, but cannot be
    /// refused any more. `extensions` are the activated ones. Idempotent.
    void accept(const std::vector<std::string>& extensions);
    [[nodiscard]] bool accepted() const noexcept {
        return accepted_.load(std::memory_order_acquire);
    }
    /// The arguments of `accept`. REQUIRES: `accepted()`.
    [[nodiscard]] const std::vector<std::string>& extensions() const noexcept {
        return extensions_;
    }

    /// The response has begun with a success status, in a form that cannot carry an error: send the
    /// task in its current state rather than an error.
    void commit_to_result() noexcept { result_only_.store(true, std::memory_order_release); }
    [[nodiscard]] bool committed_to_result() const noexcept {
        return result_only_.load(std::memory_order_acquire);
    }

    /// Keeps something alive until the response is sent, or it is known that none will be. From the
    /// request's own loop.
    void keep_until_answered(std::shared_ptr<void> kept) noexcept { kept_ = std::move(kept); }
    /// The response has been sent, or as much of it as ever will be. From the request's own loop.
    void answered() noexcept { kept_.reset(); }

    /// The connection's next request begins. REQUIRES: none is being handled.
    void next_request() noexcept;

private:
    mutable std::mutex mutex_;
    Signal* waiting_ = nullptr;
    std::atomic<bool> gone_{false};
    std::atomic<bool> accepted_{false};
    std::atomic<bool> result_only_{false};
    std::vector<std::string> extensions_;
    std::shared_ptr<void> kept_;
};

}  // namespace a2akit
