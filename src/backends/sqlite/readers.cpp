#include "backends/sqlite/readers.hpp"

#include "core/log.hpp"

#include <sqlite3.h>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kMaxQueued = 65'536;
constexpr std::size_t kMaxBatch = 32;
constexpr std::chrono::milliseconds kRetryWhenFull(200);

}  // namespace

Readers::Readers(std::vector<std::unique_ptr<Connection>> connections)
    : connections_(std::move(connections)) {
    try {
        for (const auto& connection : connections_) {
            threads_.emplace_back([this, &db = *connection] { run(db); });
        }
    } catch (...) {
        stop();  // the threads that there are
        throw;
    }
}

Readers::~Readers() { stop(); }

void Readers::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Readers::submit(Job& job) {
    job.next = nullptr;
    ++unanswered_;
    {
        const std::lock_guard lock(mutex_);
        if (queued_ < kMaxQueued) {
            (last_ == nullptr ? first_ : last_->next) = &job;
            last_ = &job;
            ++queued_;
            wake_.notify_one();
            return;
        }
    }
    job.fail(Error::unavailable("too many reads are waiting for the disk; try again later",
                                kRetryWhenFull));
    Answers answers(unanswered_);
    answers.add(job);
}

Operation* Readers::take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return first_ != nullptr || stopping_; });
    if (first_ == nullptr) return nullptr;
    Operation* const batch = first_;
    Operation* end = first_;
    std::size_t taken = 1;
    for (; end->next != nullptr && taken < kMaxBatch; end = end->next) ++taken;
    first_ = std::exchange(end->next, nullptr);
    if (first_ == nullptr) last_ = nullptr;
    queued_ -= taken;
    return batch;
}

void Readers::run(Connection& db) {
    while (Operation* batch = take()) answer(db, batch);
}

void Readers::answer(Connection& db, Operation* first) {
    Answers answers(unanswered_);
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
    }
    if (db.in_transaction()) sqlite3_exec(db.handle(), "COMMIT", nullptr, nullptr, nullptr);
}

}  // namespace a2akit::sqlite
