#pragma once

#include <a2akit/core/result.hpp>

#include <atomic>
#include <mutex>

namespace a2akit {

/// A shared library that is loaded when it is first needed and then stays loaded. A process that
/// never needs it starts without the work of loading it and all the libraries behind it. Safe from
/// any thread.
class LateLibrary {
public:
    /// `file`: the name that the loader looks for, such as "libpq.so.5". `package`: Debian's
    /// package of it, which the error for a missing library names.
    constexpr LateLibrary(const char* file, const char* package) noexcept
        : file_(file), package_(package) {}
    LateLibrary(const LateLibrary&) = delete;
    LateLibrary& operator=(const LateLibrary&) = delete;

    /// Loads the library unless it is loaded. kUnavailable where it cannot be loaded; the next call
    /// tries again.
    Result<void> load();

    /// The address of one of its functions. Throws std::runtime_error where the library cannot be
    /// loaded or does not have the function: callers that can report an error call load() before
    /// their first function.
    void* find(const char* function);

private:
    const char* const file_;
    const char* const package_;
    std::mutex mutex_;
    void* handle_ = nullptr;
};

/// A function of a late library, called like the function itself. The first call looks it up, and
/// throws as LateLibrary::find does.
template <class Function>
class LateFunction {
public:
    constexpr LateFunction(LateLibrary& library, const char* name) noexcept
        : library_(library), name_(name) {}
    LateFunction(const LateFunction&) = delete;
    LateFunction& operator=(const LateFunction&) = delete;

    operator Function*() const {
        if (Function* const known = found_.load(std::memory_order_acquire)) return known;
        auto* const found = reinterpret_cast<Function*>(library_.find(name_));
        found_.store(found, std::memory_order_release);
        return found;
    }

private:
    LateLibrary& library_;
    const char* const name_;
    mutable std::atomic<Function*> found_{nullptr};
};

}  // namespace a2akit
