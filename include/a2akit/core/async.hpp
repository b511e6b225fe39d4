#pragma once

#include <a2akit/core/compiler.hpp>
#include <a2akit/core/result.hpp>

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace a2akit {

template <class T = void>
class Async;

/// What the ports return: a Result that may take a while. A backend that answers at once returns the Result itself,
/// and no coroutine frame is made.
template <class T = void>
using AsyncResult = Async<Result<T>>;

namespace detail {

/// Coroutine frames come from a per-thread pool of size classes; a frame may be freed on another thread.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

class PromiseBase {
public:
    std::coroutine_handle<> continuation = std::noop_coroutine();

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    std::suspend_always initial_suspend() noexcept { return {}; }
    auto final_suspend() noexcept {
        struct Continue {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept { return next; }
            void await_resume() noexcept {}
            std::coroutine_handle<> next;
        };
        return Continue{continuation};
    }
    void unhandled_exception() noexcept { exception = std::current_exception(); }

    std::exception_ptr exception;
};

}  // namespace detail

/// A value that is computed by a coroutine, or already there.
///
/// Lazy: the coroutine starts when it is awaited, on the awaiting thread, and its awaiter goes on where it ends.
/// Move-only; awaited at most once; destroying one that was never awaited runs nothing. An exception that leaves the
/// coroutine is thrown to the awaiter. To start one from plain code use TaskGroup::spawn (core/loop.hpp).
///
/// Parameters of a coroutine are taken by value: what it refers to may be gone when it resumes.
template <class T>
class [[nodiscard]] Async {
public:
    class promise_type : public detail::PromiseBase {
    public:
        Async get_return_object() noexcept {
            return Async(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        template <class U>
        void return_value(U&& value) {
            result.emplace(std::forward<U>(value));
        }
        std::optional<T> result;
    };

    /// Already there: awaiting it never suspends.
    template <class U>
        requires(std::is_constructible_v<T, U &&> && !std::is_same_v<std::remove_cvref_t<U>, Async>)
    Async(U&& value) : ready_(std::in_place, std::forward<U>(value)) {}  // NOLINT

    Async(Async&& other) noexcept
        : handle_(std::exchange(other.handle_, nullptr)), ready_(std::move(other.ready_)) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
            ready_ = std::move(other.ready_);
        }
        return *this;
    }
    ~Async() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept { return !handle_; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().continuation = awaiter;
        return handle_;
    }
    T await_resume() {
        if (!handle_) return std::move(*ready_);
        if (handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
        return std::move(*handle_.promise().result);
    }

private:
    explicit Async(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
    std::optional<T> ready_;
};

template <>
class [[nodiscard]] Async<void> {
public:
    class promise_type : public detail::PromiseBase {
    public:
        Async get_return_object() noexcept {
            return Async(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        void return_void() noexcept {}
    };

    /// Already done: awaiting it never suspends.
    Async() noexcept = default;
    Async(Async&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~Async() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept { return !handle_; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
        handle_.promise().continuation = awaiter;
        return handle_;
    }
    void await_resume() {
        if (handle_ && handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
    }

private:
    explicit Async(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

}  // namespace a2akit
