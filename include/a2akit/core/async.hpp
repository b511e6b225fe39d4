#pragma once

#include <a2akit/core/compiler.hpp>
#include <a2akit/core/result.hpp>

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace a2akit {

template <class T = void>
class Async;

/// The return type of the ports: a Result that may take a while. A backend that answers immediately
/// returns the Result itself, and no coroutine frame is made.
template <class T = void>
using AsyncResult = Async<Result<T>>;

namespace detail {

/// Coroutine frames come from a per-thread pool of size classes; a frame may be freed on another
/// thread.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

class StopScope;  // core/when.hpp

class PromiseBase {
public:
    std::coroutine_handle<> continuation;  ///< Null until it is awaited.
    StopScope* scope = nullptr;            ///< Its awaiter's, or its own: asks it to end early.

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

    /// Called when `awaiter` awaits the coroutine.
    template <class Promise>
    void await_from(std::coroutine_handle<Promise> awaiter) noexcept {
        assert(!continuation && "an Async is awaited once: keep what co_await returned");
        continuation = awaiter;
        if constexpr (std::is_base_of_v<PromiseBase, Promise>) {
            if (scope == nullptr) scope = awaiter.promise().scope;
        }
    }

    std::exception_ptr exception;
};

/// The handle that an Async holds after it was awaited or moved from. In release builds it is null.
/// In debug builds it is a coroutine that does nothing, so that a second await can be detected and
/// destroying it is harmless everywhere.
template <class Promise>
std::coroutine_handle<Promise> spent() noexcept {
#ifdef NDEBUG
    return nullptr;
#else
    static const std::coroutine_handle<> kNothing = std::noop_coroutine();
    return std::coroutine_handle<Promise>::from_address(kNothing.address());
#endif
}

/// Gives a coroutine that has not been awaited yet its own scope, instead of its awaiter's.
template <class T>
[[nodiscard]] Async<T> within(StopScope& scope, Async<T> coroutine) noexcept;

}  // namespace detail

/// A value that is computed by a coroutine, or already there.
///
/// Lazy: the coroutine starts when it is awaited, on the awaiting thread, and its awaiter continues
/// on the thread where it ends. Move-only. It may be awaited only once, which debug builds assert.
/// Destroying one that was never awaited runs nothing. An exception that leaves the coroutine is
/// thrown to the awaiter. To run several at a time use when_all and when_any (core/when.hpp). To
/// start one from plain code use TaskGroup::spawn (core/loop.hpp).
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
    /// Already there, made of `arguments` in its place: large values are then filled in through
    /// `ready()` instead of being moved here.
    template <class... Arguments>
        requires std::is_constructible_v<T, Arguments&&...>
    explicit Async(std::in_place_t, Arguments&&... arguments)
        : ready_(std::in_place, std::forward<Arguments>(arguments)...) {}

    Async(Async&& other) noexcept
        : handle_(std::exchange(other.handle_, detail::spent<promise_type>())),
          ready_(std::move(other.ready_)) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, detail::spent<promise_type>());
            ready_ = std::move(other.ready_);
        }
        return *this;
    }
    ~Async() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept {
        assert((!handle_ || handle_ != detail::spent<promise_type>()) &&
               "an Async is awaited once, and not after it was moved from: keep what co_await "
               "returned");
        return !handle_;
    }
    /// The value that awaiting returns, when it is already there; else null. Valid as long as this
    /// Async, which may still be awaited afterwards.
    [[nodiscard]] T* ready() noexcept { return await_ready() ? &*ready_ : nullptr; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
        handle_.promise().await_from(awaiter);
        return handle_;
    }
    T await_resume() {
        if (!handle_) {
            handle_ = detail::spent<promise_type>();
            return std::move(*ready_);
        }
        if (handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
        return std::move(*handle_.promise().result);
    }

private:
    template <class U>
    friend Async<U> detail::within(detail::StopScope& scope, Async<U> coroutine) noexcept;
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
    Async(Async&& other) noexcept
        : handle_(std::exchange(other.handle_, detail::spent<promise_type>())) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, detail::spent<promise_type>());
        }
        return *this;
    }
    ~Async() {
        if (handle_) handle_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept {
        assert((!handle_ || handle_ != detail::spent<promise_type>()) &&
               "an Async is awaited once, and not after it was moved from: keep what co_await "
               "returned");
        return !handle_;
    }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiter) noexcept {
        handle_.promise().await_from(awaiter);
        return handle_;
    }
    void await_resume() {
        if (!handle_) {
            handle_ = detail::spent<promise_type>();
            return;
        }
        if (handle_.promise().exception) std::rethrow_exception(handle_.promise().exception);
    }

private:
    template <class U>
    friend Async<U> detail::within(detail::StopScope& scope, Async<U> coroutine) noexcept;
    explicit Async(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
Async<T> detail::within(StopScope& scope, Async<T> coroutine) noexcept {
    if (coroutine.handle_) coroutine.handle_.promise().scope = &scope;
    return coroutine;
}

}  // namespace a2akit
