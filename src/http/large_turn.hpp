#pragma once

#include <coroutine>
#include <deque>
#include <utility>

namespace a2akit::http {

/// Large responses are made one after the other, so that a loop serves other connections in
/// between. Used on one loop.
class LargeTurns {
public:
    /// Held while a response is made.
    class [[nodiscard]] Turn {
    public:
        Turn() noexcept = default;
        explicit Turn(LargeTurns& turns) noexcept : turns_(&turns) {}
        Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
        Turn& operator=(Turn&& other) noexcept {
            std::swap(turns_, other.turns_);
            return *this;
        }
        ~Turn() {
            if (turns_ != nullptr) turns_->pass_on();
        }

    private:
        LargeTurns* turns_ = nullptr;
    };
    struct [[nodiscard]] Wait {
        LargeTurns& turns;
        bool await_ready() const noexcept { return !std::exchange(turns.taken_, true); }
        void await_suspend(std::coroutine_handle<> handle) const {
            turns.waiting_.push_back(handle);
        }
        Turn await_resume() const noexcept { return Turn(turns); }
    };
    /// Waits for the turns that were requested before.
    Wait take() noexcept { return {*this}; }

private:
    void pass_on() noexcept {
        if (waiting_.empty()) {
            taken_ = false;
            return;
        }
        const std::coroutine_handle<> next = waiting_.front();
        waiting_.pop_front();
        next.resume();
    }

    bool taken_ = false;
    std::deque<std::coroutine_handle<>> waiting_;
};

}  // namespace a2akit::http
