#pragma once

#include <a2akit/core/async.hpp>
#include <a2akit/core/loop.hpp>

#include <cstddef>
#include <list>

namespace a2akit::push {

/// Lets only so much in at the same time; the others wait in the order in which they came. What is
/// larger than all of it goes in alone. Belongs to one loop.
class Admission {
public:
    explicit Admission(std::size_t capacity) : capacity_(capacity) {}
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    /// True: it is in, as after `enter`. False: there is no room now, or others wait for it.
    [[nodiscard]] bool try_enter(std::size_t amount) {
        if (closed_ || !waiting_.empty() || !fits(amount)) return false;
        used_ += amount;
        return true;
    }
    /// True: it is in, until `leave` with the same amount. False: there was no room within
    /// `at_most`, or `close` was called. REQUIRES: outlives the call.
    Async<bool> enter(std::size_t amount, Duration at_most) {
        if (try_enter(amount)) co_return true;
        if (closed_) co_return false;
        const auto place = waiting_.emplace(waiting_.end(), amount);
        (void)co_await place->signal.wait_until(Loop::current()->now() + at_most);
        const bool admitted = place->admitted;
        waiting_.erase(place);
        // The next one may fit where this one did not.
        if (!admitted) admit();
        co_return admitted;
    }
    void leave(std::size_t amount) {
        used_ -= amount;
        admit();
    }
    /// Lets no delivery in any more; those that wait are told.
    void close() {
        closed_ = true;
        for (Waiting& one : waiting_) one.signal.set();
    }

    [[nodiscard]] std::size_t used() const noexcept { return used_; }
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }

private:
    struct Waiting {
        explicit Waiting(std::size_t a) : amount(a) {}
        std::size_t amount;
        bool admitted = false;  ///< Then its amount is counted.
        Signal signal;
    };

    [[nodiscard]] bool fits(std::size_t amount) const noexcept {
        return used_ == 0 || (amount <= capacity_ && used_ <= capacity_ - amount);
    }
    void admit() {
        for (Waiting& one : waiting_) {
            if (one.admitted) continue;  // it has not gone on yet
            if (closed_ || !fits(one.amount)) return;
            used_ += one.amount;
            one.admitted = true;
            one.signal.set();
        }
    }

    const std::size_t capacity_;
    std::size_t used_ = 0;
    bool closed_ = false;
    std::list<Waiting> waiting_;
};

}  // namespace a2akit::push
