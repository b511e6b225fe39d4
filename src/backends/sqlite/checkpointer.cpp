#include "backends/sqlite/checkpointer.hpp"

#include "core/log.hpp"

#include <sqlite3.h>

namespace a2akit::sqlite {
namespace {

constexpr int kWorthMoving = 1000;
constexpr int kWorthStartingOver = 4000;

/// Does not wait for other connections.
void move_log(Connection& connection) {
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return;
    log::warn("the database's log could not be moved into its file, which is tried again: {}",
              sqlite3_errmsg(connection.handle()));
}

}  // namespace

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
        if (pages < moved_) moved_ = 0;  // it has started over
        if (wanted_) return;
        if (pages - moved_ >= kWorthMoving) {
            wanted_ = true;
            moved_ = pages;
            wake_.notify_one();
            return;
        }
        if (pages < kWorthStartingOver) return;
    }
    move_log(writer);
}

void Checkpointer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return wanted_ || stopping_; });
        if (stopping_) return;
        lock.unlock();
        move_log(*connection_);
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
