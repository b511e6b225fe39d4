#pragma once

#include <a2akit/core/async.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace a2akit {

/// Every Async that a call of the TaskContext returns goes through `awaited`. In release builds
/// that does nothing. In debug builds it makes a coroutine that ends the process when it is
/// destroyed before it was started: then the handler has forgotten a co_await. See
/// docs/adr/0016-awaiting-a-write.md.
#ifdef NDEBUG
template <class T>
Async<T> awaited(const char* /*call*/, Async<T> result) noexcept {
    return result;
}
#else
/// A parameter of that coroutine, which is destroyed with it.
class AwaitedCall {
public:
    AwaitedCall(const char* name) noexcept
        : name_(name), thrown_(std::uncaught_exceptions()) {}  // NOLINT
    AwaitedCall(AwaitedCall&& other) noexcept
        : name_(std::exchange(other.name_, nullptr)), thrown_(other.thrown_) {}
    AwaitedCall& operator=(AwaitedCall&&) = delete;
    ~AwaitedCall() {
        // During an exception there is no chance to await.
        if (name_ == nullptr || std::uncaught_exceptions() > thrown_) return;
        std::fprintf(
            stderr,
            "a2akit: TaskContext::%s was called and not awaited; write: co_await ctx.%s(...)\n",
            name_, name_);
        std::abort();
    }
    void begin() noexcept { name_ = nullptr; }

private:
    const char* name_;
    int thrown_;
};

template <class T>
Async<T> awaited(AwaitedCall call, Async<T> result) {
    call.begin();
    co_return co_await std::move(result);
}
#endif

}  // namespace a2akit
