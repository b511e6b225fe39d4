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
/// The connection owns it and says when the client has left; who waits on the client's behalf need
/// not wait any longer. The task goes on: the connection is not the task.
///
/// The handler of a send says here when the message is stored. From then on the connection may
/// begin the answer before it is known, and keep a client waiting that would give up in silence.
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

    /// The message of the current request is stored: the request can take its time, but cannot be
    /// refused any more. `extensions` are the activated ones. Idempotent.
    void accept(const std::vector<std::string>& extensions);
    [[nodiscard]] bool accepted() const noexcept {
        return accepted_.load(std::memory_order_acquire);
    }
    /// What `accept` was given. REQUIRES: `accepted()`.
    [[nodiscard]] const std::vector<std::string>& extensions() const noexcept {
        return extensions_;
    }

    /// The answer has begun with a status of success, in a form that has no place for an error: a
    /// task as it stands is worth more to the client than the reason why there is no better answer.
    void commit_to_result() noexcept { result_only_.store(true, std::memory_order_release); }
    [[nodiscard]] bool committed_to_result() const noexcept {
        return result_only_.load(std::memory_order_acquire);
    }

    /// Keeps something alive until the answer is sent, or there will be none. From the request's
    /// own loop.
    void keep_until_answered(std::shared_ptr<void> kept) noexcept { kept_ = std::move(kept); }
    /// The answer is sent, as far as it will be. From the request's own loop.
    void answered() noexcept { kept_.reset(); }

    /// The connection's next request begins. REQUIRES: none is being handled.
    void next_request() noexcept;

private:
    mutable std::mutex mutex_;
    Signal* waiting_ = nullptr;
    bool gone_ = false;
    std::atomic<bool> accepted_{false};
    std::atomic<bool> result_only_{false};
    std::vector<std::string> extensions_;
    std::shared_ptr<void> kept_;
};

}  // namespace a2akit
