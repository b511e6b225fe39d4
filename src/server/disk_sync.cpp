#include "server/disk_sync.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace a2akit {
namespace {

constexpr std::chrono::seconds kSecond{1};

}  // namespace

DiskSync::DiskSync(Options options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
    if (options_.when == When::kNever) return;
    thread_ = std::jthread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "a2akit-disk");
}

DiskSync::~DiskSync() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
    if (file_ >= 0) ::close(file_);
}

bool DiskSync::flush(int file) const {
    return (options_.flush ? options_.flush(file) : ::fdatasync(file)) == 0;
}

void DiskSync::use(int file) {
    if (options_.when == When::kNever) return;
    const std::lock_guard lock(mutex_);
    if (file_ >= 0) {
        note(flush(file_), errno);
        ::close(file_);
    }
    file_ = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
}

void DiskSync::written() {
    if (options_.when == When::kNever) return;
    const std::lock_guard lock(mutex_);
    ++written_;
    changed_.notify_one();
}

Async<void> DiskSync::settle() {
    if (options_.when != When::kAlways) co_return;
    Waiter waiter;
    {
        const std::lock_guard lock(mutex_);
        if (flushed_ >= written_) co_return;
        waiter.until = written_;
        waiters_.push_back(&waiter);
    }
    co_await waiter.done.wait();
}

bool DiskSync::is_failing() {
    const std::lock_guard lock(mutex_);
    return failing_;
}

void DiskSync::note(bool flushed, int error) {
    if (flushed == !failing_) return;
    failing_ = !flushed;
    if (flushed) {
        log::info("writes reach the disk again file={}", quoted(name_));
    } else {
        log::error("writes do not reach the disk and may be lost file={} error={}", quoted(name_),
                   quoted(std::strerror(error)));
    }
}

void DiskSync::run() {
    const auto stops = [this] { return stopping_; };
    std::unique_lock lock(mutex_);
    for (;;) {
        // While the disk fails it is asked again each second, so that it is known when it works.
        if (!failing_) changed_.wait(lock, [this] { return stopping_ || written_ > flushed_; });
        if (failing_ || options_.when == When::kSecond) changed_.wait_for(lock, kSecond, stops);
        if (stopping_ && written_ == flushed_) return;
        const std::uint64_t upto = written_;
        const int file = ::fcntl(file_, F_DUPFD_CLOEXEC, 0);
        lock.unlock();
        const bool flushed = file >= 0 && flush(file);
        const int error = errno;
        if (file >= 0) ::close(file);
        lock.lock();
        note(flushed, error);
        flushed_ = upto;
        std::erase_if(waiters_, [upto](Waiter* waiter) {
            if (waiter->until > upto) return false;
            waiter->done.set();
            return true;
        });
    }
}

}  // namespace a2akit
