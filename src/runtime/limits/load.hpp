#pragma once

#include "runtime/limits/byte_budget.hpp"

#include <a2akit/core/error.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <atomic>
#include <cstddef>
#include <string_view>
#include <utility>

namespace a2akit {

/// How much a server does at the same time, over all its bindings; see Settings.
struct LoadLimits {
    int connections = 20000;
    int streams = 10000;
    int pending_requests = 10000;  ///< Unary calls other than sends.
    int waiting_sends = 10000;     ///< SendMessage calls, which may wait for hours.
    std::size_t request_bytes = std::size_t{256} << 20U;   ///< All request bodies together.
    std::size_t response_bytes = std::size_t{256} << 20U;  ///< All unsent responses together.
};

/// One unit of a limit, given back when it ends.
class Permit {
public:
    Permit() noexcept = default;
    Permit(Permit&& other) noexcept : counter_(std::exchange(other.counter_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
        std::swap(counter_, other.counter_);
        return *this;
    }
    ~Permit() {
        if (counter_ != nullptr) counter_->fetch_sub(1, std::memory_order_relaxed);
    }
    /// An empty permit when the limit is reached.
    [[nodiscard]] static Permit take(std::atomic<int>& counter, int limit) noexcept {
        if (counter.fetch_add(1, std::memory_order_relaxed) < limit) return Permit(&counter);
        counter.fetch_sub(1, std::memory_order_relaxed);
        return {};
    }
    explicit operator bool() const noexcept { return counter_ != nullptr; }

private:
    explicit Permit(std::atomic<int>* counter) noexcept : counter_(counter) {}
    std::atomic<int>* counter_ = nullptr;
};

/// What a server is doing, counted against its limits. One object for all bindings and loops; safe
/// from any thread.
class Load {
public:
    explicit Load(const LoadLimits& limits) noexcept
        : limits_(limits), requests_(limits.request_bytes), responses_(limits.response_bytes) {}

    [[nodiscard]] Permit take_connection() noexcept {
        return Permit::take(connections_, limits_.connections);
    }
    /// For a call of this operation, until it has been answered, or until its stream has ended.
    [[nodiscard]] Permit take_call(Operation operation) noexcept;
    /// Memory for bodies; a binding need not count small ones.
    [[nodiscard]] ByteBudget& requests() noexcept { return requests_; }
    /// Memory for large responses that are not sent yet.
    [[nodiscard]] ByteBudget& responses() noexcept { return responses_; }

    /// The error of a call that got no permit, which may be repeated later.
    [[nodiscard]] static Error at_limit(Operation operation);
    /// The same for another limit: "the server is at its limit of `what`".
    [[nodiscard]] static Error at_limit(std::string_view what);
    /// The error of a call whose response does not fit among the unsent ones.
    [[nodiscard]] static Error response_unsent();

private:
    const LoadLimits limits_;
    std::atomic<int> connections_{0};
    std::atomic<int> streams_{0};
    std::atomic<int> pending_{0};
    std::atomic<int> sends_{0};
    ByteBudget requests_;
    ByteBudget responses_;
};

}  // namespace a2akit
