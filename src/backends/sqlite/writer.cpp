#include "backends/sqlite/writer.hpp"

#include "core/log.hpp"

#include <sqlite3.h>

#include <utility>

namespace a2akit::sqlite {
namespace {

constexpr std::size_t kMaxBatch = 1024;

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, EngineTime& time,
               std::function<void(Connection&)> committed, double patience)
    : WorkQueue("writes", kMaxBatch, Wake::kAtEndOfTurn),
      session_(std::move(connection), time),
      committed_(std::move(committed)),
      patience_(patience),
      thread_([this] { run(); }) {}

Writer::~Writer() {
    stop();
    thread_.join();
}

void Writer::run() {
    while (Operation* batch = take()) {
        const auto began = std::chrono::steady_clock::now();
        session_.time().begin_writing();
        commit_batch(batch);
        session_.time().end_writing();
        await_what_follows(std::chrono::steady_clock::now() - began);
    }
}

// When nothing has queued, the next transaction begins with what the answers lead to anyway.
void Writer::await_what_follows(std::chrono::steady_clock::duration transaction) {
    using Duration = std::chrono::steady_clock::duration;
    const auto taken_up = std::exchange(taken_up_, nullptr);
    if (taken_up == nullptr || queued() == 0) return;
    const auto most = std::chrono::duration_cast<Duration>(transaction * patience_);
    taken_up->wait_until(std::chrono::steady_clock::now() + most);
}

void Writer::commit_batch(Operation* first) {
    Answers answers(unanswered());
    session_.begin(false);
    if (!begin(first, answers)) return;
    if (execute_together(first)) return finish(first, answers);
    execute_one_by_one(first, answers);
}

bool Writer::execute_together(Operation* first) {
    try {
        for (Operation* at = first; at != nullptr; at = at->next) {
            operations_.fetch_add(1, std::memory_order_relaxed);
            static_cast<Job&>(*at).execute(session_);
        }
        return true;
    } catch (const std::exception& e) {
        log::debug("a write failed, the transaction is done again: {}", e.what());
        roll_back();
        return false;
    }
}

void Writer::execute_one_by_one(Operation* first, Answers& answers) {
    session_.begin(true);
    if (!begin(first, answers)) return;
    for (Operation* at = first; at != nullptr; at = at->next) {
        if (execute_in_savepoint(static_cast<Job&>(*at))) continue;
        roll_back();
        return execute_alone(first, answers);
    }
    finish(first, answers);
}

// One of them took the whole transaction with it.
void Writer::execute_alone(Operation* first, Answers& answers) {
    while (first != nullptr) {
        Operation& operation = *std::exchange(first, first->next);
        operation.next = nullptr;
        if (!begin(&operation, answers)) continue;
        if (execute_in_savepoint(static_cast<Job&>(operation))) {
            finish(&operation, answers);
            continue;
        }
        roll_back();
        answers.add(operation);
    }
}

void Writer::roll_back() {
    Connection& db = session_.db();
    if (db.in_transaction()) sqlite3_exec(db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    session_.rolled_back();
}

bool Writer::begin(Operation* first, Answers& answers) {
    try {
        session_.db().query("BEGIN IMMEDIATE").run();
        changes_before_ = sqlite3_total_changes64(session_.db().handle());
        return true;
    } catch (const std::exception& e) {
        log::error("the database takes no write: {}", e.what());
        fail_all(first, error_of(e), answers);
        return false;
    }
}

bool Writer::execute_in_savepoint(Job& job) {
    Connection& db = session_.db();
    const Session::Mark mark = session_.mark();
    try {
        db.query("SAVEPOINT operation").run();
        job.execute(session_);
        db.query("RELEASE operation").run();
        return true;
    } catch (const std::exception& e) {
        log::error("a write failed in the database: {}", e.what());
        job.fail(error_of(e));
    }
    session_.undo(mark);
    try {
        if (!db.in_transaction()) return false;
        db.query("ROLLBACK TO operation").run();
        db.query("RELEASE operation").run();
        return true;
    } catch (const std::exception& e) {
        log::error("a write could not be taken back: {}", e.what());
        return false;
    }
}

void Writer::finish(Operation* done, Answers& answers) {
    Connection& db = session_.db();
    bool changed = false;
    try {
        session_.write_counts();
        changed = sqlite3_total_changes64(db.handle()) != changes_before_;
        db.query("COMMIT").run();
    } catch (const std::exception& e) {
        log::error("a commit failed, and every write in it: {}", e.what());
        roll_back();
        return fail_all(done, error_of(e), answers);
    }
    session_.committed();
    if (changed) commits_.fetch_add(1, std::memory_order_relaxed);
    while (done != nullptr) answers.add(*std::exchange(done, done->next));
    taken_up_ = std::make_shared<TakenUp>();
    answers.send(taken_up_);
    if (changed && committed_) committed_(db);
}

void Writer::fail_all(Operation* first, const Error& error, Answers& answers) {
    while (first != nullptr) {
        Operation& operation = *std::exchange(first, first->next);
        operation.fail(error);
        answers.add(operation);
    }
}

}  // namespace a2akit::sqlite
