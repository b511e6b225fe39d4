#include "server/log_queue.hpp"

#include <exception>
#include <utility>

namespace a2akit {

LogQueue::LogQueue(std::shared_ptr<spdlog::sinks::sink> to, std::size_t most)
    : to_(std::move(to)), most_(most), thread_([this] { run(); }) {}

void LogQueue::close() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void LogQueue::log(const spdlog::details::log_msg& message) {
    add(spdlog::details::log_msg_buffer(message));
}

void LogQueue::flush() { add(std::nullopt); }

std::size_t LogQueue::lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
}

void LogQueue::add(Entry entry) {
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        if (entries_.size() >= most_) {
            entries_.pop_front();
            ++lost_;
        }
        entries_.push_back(std::move(entry));
    }
    changed_.notify_one();
}

void LogQueue::run() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || !entries_.empty(); });
        if (entries_.empty()) return;
        const Entry entry = std::move(entries_.front());
        entries_.pop_front();
        lock.unlock();
        pass_on(entry);
    }
}

void LogQueue::pass_on(const Entry& entry) {
    try {
        if (entry)
            to_->log(*entry);
        else
            to_->flush();
    } catch (const std::exception&) {  // there is no memory to format the line with
        const std::lock_guard lock(mutex_);
        ++lost_;
    }
}

}  // namespace a2akit
