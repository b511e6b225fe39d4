#include <a2akit/request/client_presence.hpp>

namespace a2akit {

ClientPresence::Entry::Entry(ClientPresence* client, Signal& signal) noexcept : client_(client) {
    if (client_ == nullptr) return;
    const std::lock_guard lock(client_->mutex_);
    client_->waiting_ = &signal;
}

ClientPresence::Entry::~Entry() {
    if (client_ == nullptr) return;
    const std::lock_guard lock(client_->mutex_);
    client_->waiting_ = nullptr;
}

bool ClientPresence::gone() const noexcept { return gone_.load(std::memory_order_acquire); }

void ClientPresence::leave() noexcept {
    // Under the lock the signal cannot go away.
    const std::lock_guard lock(mutex_);
    gone_.store(true, std::memory_order_release);
    if (waiting_ != nullptr) waiting_->set();
}

void ClientPresence::accept(const std::vector<std::string>& extensions) {
    if (accepted()) return;
    extensions_ = extensions;
    accepted_.store(true, std::memory_order_release);
}

void ClientPresence::next_request() noexcept {
    accepted_.store(false, std::memory_order_relaxed);
    result_only_.store(false, std::memory_order_relaxed);
    extensions_.clear();
    kept_.reset();
}

}  // namespace a2akit
