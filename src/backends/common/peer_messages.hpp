#pragma once

#include <a2akit/event_bus/event_bus.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace a2akit::backends {

/// What the nodes of one engine tell each other, gathered until it is sent: wake-ups (one per
/// task), cancels, and that there are runs to receive.
///
/// A payload is the sender, then entries, each after a semicolon: "w<task>,<last>,<turn>,<0 or 1>"
/// a wake-up, "c<task>" a cancel, other letters as the engine says. Safe from any thread.
class PeerMessages {
public:
    /// `runs`: the letter of the entry for runs.
    PeerMessages(std::string sender, char runs) : sender_(std::move(sender)), runs_letter_(runs) {}

    // What is gathered. Beyond a limit it is dropped, since sweeps find it.
    void wake(const Wake& wake);
    void cancel(const TaskId& task);
    void offer_runs();

    /// A payload of about `limit` bytes, counted as told; empty when there is nothing. Until
    /// `sent`, or the next that is empty, it counts as being sent.
    [[nodiscard]] std::string take(std::size_t limit);
    /// Whether the last payload did not take everything.
    bool sent();
    /// Whether something is still to be sent.
    [[nodiscard]] bool sending();

    /// The payload of one cancel, which the caller sends. Counted as told.
    [[nodiscard]] std::string of_cancel(const TaskId& task);

    struct Handlers {
        std::function<void(const Wake&)> wake;
        std::function<void(const TaskId&)> cancel;
        std::function<void()> runs;
    };
    /// Hands the entries of another node's payload to the handlers, and counts them as heard.
    /// Entries with other letters go to `other`, uncounted.
    void hear(std::string_view payload, const Handlers& handlers,
              const std::function<void(char)>& other = {});

    [[nodiscard]] const std::string& sender() const noexcept { return sender_; }
    /// How many entries this node has told the others, and has heard from them.
    [[nodiscard]] std::uint64_t told() const noexcept { return told_.load(); }
    [[nodiscard]] std::uint64_t heard() const noexcept { return heard_.load(); }

private:
    void hear_one(std::string_view entry, const Handlers& handlers);

    const std::string sender_;
    const char runs_letter_;
    std::atomic<std::uint64_t> told_{0};
    std::atomic<std::uint64_t> heard_{0};
    std::mutex mutex_;
    std::unordered_map<TaskId, Wake> wakes_;  ///< Under the mutex, like the next.
    std::vector<TaskId> cancels_;
    bool runs_ = false;
    bool sending_ = false;
    bool full_ = false;
};

}  // namespace a2akit::backends
