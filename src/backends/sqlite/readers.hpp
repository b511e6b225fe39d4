#pragma once

#include "backends/sqlite/connection.hpp"
#include "backends/sqlite/work_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace a2akit::sqlite {

/// Some threads, each with its own connection, that never wait for the writer. A thread answers all
/// queued operations in one read transaction. Safe from any thread.
class Readers : public WorkQueue<Connection> {
public:
    explicit Readers(std::vector<std::unique_ptr<Connection>> connections);
    /// Answers all queued operations, and ends.
    ~Readers();
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

private:
    void run(Connection& db);
    void answer(Connection& db, Operation* first);
    void end() noexcept;

    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::thread> threads_;
};

}  // namespace a2akit::sqlite
