#include "backends/sqlite/checkpointer.hpp"

#include "core/log.hpp"

#include <sqlite3.h>

namespace a2akit::sqlite {
namespace {

constexpr int kWorthMoving = 2000;
constexpr int kWorthStartingOver = 8000;
constexpr int kLeftToTheWriter = 100;

/// Does not wait for other connections.
void move_log(Connection& connection) {
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return;
    log::warn("the database's log could not be moved into its file, which is tried again: {}",
              sqlite3_errmsg(connection.handle()));
}

/// SQLite does so only once all of the log was moved, which is the writer's part: it would then
/// wait for all pages since the log started over.
void sync_file(Connection& connection) {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file == nullptr || file->pMethods == nullptr) return;
    if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) == SQLITE_OK) return;
    log::warn("the database's file could not be synced, which is tried again");
}

}  // namespace

CheckpointPlan::Step CheckpointPlan::next(int pages) noexcept {
    if (pages < moved_) moved_ = 0;  // it has started over
    const int left = pages - moved_;
    const bool can_start_over = pages >= kWorthStartingOver;
    // One pass more before that, so that little is left to the writer.
    const bool last_pass = can_start_over && moved_ < kWorthStartingOver;
    if (left >= kWorthMoving || (last_pass && left > kLeftToTheWriter)) {
        moved_ = pages;
        return Step::kMove;
    }
    return can_start_over ? Step::kStartOver : Step::kNone;
}

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Checkpointer::log_has_grown(Connection& writer, int pages) {
    if (pages < kWorthMoving) return;
    {
        const std::lock_guard lock(mutex_);
        if (wanted_) return;
        const CheckpointPlan::Step step = plan_.next(pages);
        if (step == CheckpointPlan::Step::kNone) return;
        wanted_ = step == CheckpointPlan::Step::kMove;
        if (wanted_) return wake_.notify_one();
    }
    move_log(writer);
}

bool Checkpointer::busy() {
    const std::lock_guard lock(mutex_);
    return wanted_;
}

void Checkpointer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return wanted_ || stopping_; });
        if (stopping_) return;
        lock.unlock();
        move_log(*connection_);
        sync_file(*connection_);
        lock.lock();
        wanted_ = false;
    }
}

LogLength::LogLength(Connection& connection) {
    sqlite3_wal_hook(
        connection.handle(),
        [](void* self, sqlite3*, const char*, int pages) {
            static_cast<LogLength*>(self)->pages_ = pages;
            return SQLITE_OK;
        },
        this);
}

}  // namespace a2akit::sqlite
