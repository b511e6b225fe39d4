#pragma once

#include "backends/sqlite/connection.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace a2akit::sqlite {

/// Decides which thread moves pages of the write-ahead log next. It depends on the log's length.
class CheckpointPlan {
public:
    enum class Step {
        kNone,
        kMove,       ///< By the thread for it, while the writer goes on.
        kStartOver,  ///< By the writer: the last pages, so that the log starts over.
    };
    /// After a commit while the thread rests.
    [[nodiscard]] Step next(int pages) noexcept;

private:
    int moved_ = 0;  ///< How long the log was when the thread last began to move it.
};

/// A thread that moves what was committed from the write-ahead log into the file, so that the
/// writer need not: it only moves the last pages itself, once in a while, for the log starts over
/// only when all of it was moved.
class Checkpointer {
public:
    explicit Checkpointer(std::unique_ptr<Connection> connection);
    ~Checkpointer();

    /// From the writer's thread, between two transactions. `pages`: how long the log is.
    void log_has_grown(Connection& writer, int pages);
    /// Whether its thread moves pages now. Safe from any thread.
    [[nodiscard]] bool busy();

private:
    void run();

    std::unique_ptr<Connection> connection_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool wanted_ = false;
    bool stopping_ = false;
    CheckpointPlan plan_;  // under the mutex
    std::thread thread_;
};

/// How many pages the write-ahead log has after each commit of this connection. Takes the place of
/// SQLite's own checkpoints.
class LogLength {
public:
    explicit LogLength(Connection& connection);
    [[nodiscard]] int pages() const noexcept { return pages_; }

private:
    int pages_ = 0;
};

}  // namespace a2akit::sqlite
