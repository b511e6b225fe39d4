#include "backends/sqlite/readers.hpp"

#include "core/log.hpp"

#include <sqlite3.h>

#include <chrono>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kMaxBatch = 32;
// Answers are handed over together, unless they take long, as those do that read a large task: a
// batch of large answers would be in memory all at once, and small ones would wait for them.
constexpr std::chrono::milliseconds kLongestBatch(2);

}  // namespace

Readers::Readers(std::vector<std::unique_ptr<Connection>> connections)
    : WorkQueue("reads", kMaxBatch, Wake::kAtOnce), connections_(std::move(connections)) {
    try {
        for (const auto& connection : connections_) {
            threads_.emplace_back([this, &db = *connection] { run(db); });
        }
    } catch (...) {
        end();  // the threads that there are
        throw;
    }
}

Readers::~Readers() { end(); }

void Readers::end() noexcept {
    stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Readers::run(Connection& db) {
    while (Operation* batch = take()) answer(db, batch);
}

void Readers::answer(Connection& db, Operation* first) {
    Answers answers(unanswered());
    auto sent = std::chrono::steady_clock::now();
    try {
        db.query("BEGIN").run();
    } catch (const std::exception& e) {
        while (first != nullptr) {
            Operation& operation = *std::exchange(first, first->next);
            operation.fail(error_of(e));
            answers.add(operation);
        }
        return;
    }
    while (first != nullptr) {
        Operation& operation = *std::exchange(first, first->next);
        try {
            static_cast<Job&>(operation).execute(db);
        } catch (const std::exception& e) {
            log::error("a read failed in the database: {}", e.what());
            operation.fail(error_of(e));
        }
        answers.add(operation);
        if (const auto now = std::chrono::steady_clock::now(); now - sent >= kLongestBatch) {
            answers.send();
            sent = now;
        }
    }
    db.last_read().reset();
    if (db.in_transaction()) sqlite3_exec(db.handle(), "COMMIT", nullptr, nullptr, nullptr);
}

}  // namespace a2akit::sqlite
