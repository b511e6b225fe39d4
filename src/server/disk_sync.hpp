#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace a2akit {

/// Writes what a file has been given to the disk (fdatasync), on a thread of its own: all that was
/// written meanwhile goes together. Safe from any thread.
class DiskSync {
public:
    enum class When {
        kNever,   ///< The system decides, usually within half a minute.
        kSecond,  ///< A second after a write at the latest.
        kAlways,  ///< Immediately, and `settle` waits for it.
    };
    struct Options {
        When when = When::kNever;
        std::function<int(int)> flush = {};  ///< Empty: fdatasync; a test may replace it.
    };
    /// `name` stands in the log.
    DiskSync(Options options, std::string name);
    /// Flushes once more if something is left.
    ~DiskSync();
    DiskSync(const DiskSync&) = delete;
    DiskSync& operator=(const DiskSync&) = delete;

    /// The file that is written from now on; it may be closed by its owner at any time. What went
    /// to the former one is flushed first, and nothing is written meanwhile. Blocks.
    void use(int file);
    void written();
    /// Returns when all that was written before is on the disk, or could not be put there.
    /// Immediately, unless the writes are to be waited for. On a loop.
    Async<void> settle();
    /// Whether the last flush has failed.
    [[nodiscard]] bool is_failing();

private:
    struct Waiter {
        std::uint64_t until;
        Signal done;
    };
    void run();
    [[nodiscard]] bool flush(int file) const;
    void note(bool flushed, int error);

    const Options options_;
    const std::string name_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int file_ = -1;  ///< A descriptor of its own.
    std::uint64_t written_ = 0;
    std::uint64_t flushed_ = 0;
    bool failing_ = false;
    bool stopping_ = false;
    std::vector<Waiter*> waiters_;
    std::jthread thread_;  ///< The last member: joined before the others end.
};

}  // namespace a2akit
