#pragma once

#include <a2akit/core/loop.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// Several coroutines at a time, on one loop: when_all, when_any, and a sleep that can be cut short.
// Every coroutine that these calls start has ended when they return or throw.
//
// A coroutine may be asked to end early: because a sibling won when_any, because a sibling threw in
// when_all, because the coroutine that awaits it was asked, or, in a handler, because its task is
// cancelled or its run is over. It learns of the request where it waits:
//
// - `sleep` throws Cancelled, immediately when the coroutine was asked before.
// - when_all and when_any pass the request on to their own children, and throw what those throw.
// - TaskContext::cancelled and cancelled_within throw Cancelled when a sibling is the reason. When
//   the task's own cancel is the reason they return, as always.
//
// Nothing else is cut short: neither `sleep_for` nor the other calls of TaskContext. Let Cancelled
// pass. Clean up in destructors, or in a catch block that throws it again.

namespace a2akit {

/// Thrown in a coroutine whose result is no longer wanted.
class Cancelled final : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override {
        return "cancelled: the result is no longer wanted";
    }
};

/// Awaiting it pauses the coroutine for `span` of the current loop's time. Throws Cancelled as soon
/// as the coroutine is asked to end early.
Async<void> sleep(Duration span);

namespace detail {

/// Asks a coroutine, and everything it awaits, to end early. Only one of those coroutines waits at
/// a time.
class StopScope {
public:
    virtual ~StopScope() = default;
    [[nodiscard]] virtual bool stop_requested() const noexcept = 0;
    /// Returns when a stop is requested, when `done` is raised, or at `until`.
    virtual Async<void> wait(Signal& done, std::optional<SteadyTime> until) = 0;
    /// Raised when a sibling is the reason; null for the scope of a whole handler.
    [[nodiscard]] virtual Signal* sibling_signal() noexcept { return nullptr; }
};

/// The scope of coroutines that must run to their end.
[[nodiscard]] StopScope& never_stopped() noexcept;

struct CurrentScope {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
        if constexpr (std::is_base_of_v<PromiseBase, Promise>) scope = coroutine.promise().scope;
        return false;
    }
    [[nodiscard]] StopScope* await_resume() const noexcept { return scope; }
    StopScope* scope = nullptr;
};
/// Awaiting it returns the scope of the coroutine that awaits it; null when it has none.
[[nodiscard]] inline CurrentScope current_scope() noexcept { return {}; }

class ChildScope final : public StopScope {
public:
    void stop() noexcept { stop_.set(); }
    [[nodiscard]] bool stop_requested() const noexcept override { return stop_.is_set(); }
    Async<void> wait(Signal& done, std::optional<SteadyTime> until) override;
    [[nodiscard]] Signal* sibling_signal() noexcept override { return &stop_; }

private:
    Signal stop_;
};

/// The value that a child returned; std::monostate for void.
template <class T>
using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// The children of one when_all or when_any. Belongs to one loop.
class Siblings {
public:
    enum class Want : std::uint8_t { kAll, kAny };
    Siblings(Want want, std::span<ChildScope> scopes) noexcept
        : want_(want), scopes_(scopes), left_(scopes.size()) {}

    /// Runs the next child, up to its first suspension.
    template <class T>
    void start(Async<T> child, std::optional<Value<T>>& result) {
        const std::size_t index = started_++;
        group_.spawn(within(scopes_[index], run(*this, index, std::move(child), result)));
    }
    /// Returns when all children have ended. kAll: throws the first exception of any child. kAny:
    /// throws the exception of the child that ended first, if it threw one.
    Async<void> join();
    /// The child that ended first. REQUIRES: joined.
    [[nodiscard]] std::size_t first() const noexcept { return first_; }

private:
    template <class T>
    static Async<void> run(Siblings& all, std::size_t index, Async<T> child,
                           std::optional<Value<T>>& result) {
        Loop& home = *Loop::current();
        std::exception_ptr thrown;
        try {
            if constexpr (std::is_void_v<T>) {
                co_await std::move(child);
                result.emplace();
            } else {
                result.emplace(co_await std::move(child));
            }
        } catch (...) {
            thrown = std::current_exception();
        }
        co_await resume_on(home);
        all.ended(index, std::move(thrown));
    }
    void ended(std::size_t index, std::exception_ptr thrown) noexcept;
    void stop() noexcept;

    Want want_;
    std::span<ChildScope> scopes_;
    std::size_t started_ = 0;
    std::size_t left_;
    bool decided_ = false;
    std::size_t first_ = 0;
    std::exception_ptr thrown_;
    Signal all_ended_;
    TaskGroup group_;
};

}  // namespace detail

/// Runs all of them at a time and returns what they returned, in the order of the arguments;
/// std::monostate stands for void. When one throws, the others are asked to end early, and once all
/// have ended its exception is thrown.
///
///     auto [weather, news] = co_await a2akit::when_all(fetch_weather(city), fetch_news(city));
template <class... T>
Async<std::tuple<detail::Value<T>...>> when_all(Async<T>... children) {
    std::array<detail::ChildScope, sizeof...(T)> scopes;
    std::tuple<std::optional<detail::Value<T>>...> results;
    detail::Siblings siblings(detail::Siblings::Want::kAll, scopes);
    std::apply([&](auto&... result) { (siblings.start(std::move(children), result), ...); },
               results);
    co_await siblings.join();
    co_return std::apply(
        [](auto&... result) { return std::tuple<detail::Value<T>...>(std::move(*result)...); },
        results);
}

/// The same for any number of one kind.
template <class T>
    requires(!std::is_void_v<T>)
Async<std::vector<T>> when_all(std::vector<Async<T>> children) {
    const auto scopes = std::make_unique<detail::ChildScope[]>(children.size());
    std::vector<std::optional<T>> results(children.size());
    detail::Siblings siblings(detail::Siblings::Want::kAll, {scopes.get(), children.size()});
    for (std::size_t i = 0; i < children.size(); ++i)
        siblings.start(std::move(children[i]), results[i]);
    co_await siblings.join();
    std::vector<T> values;
    values.reserve(results.size());
    for (auto& result : results) values.push_back(std::move(*result));
    co_return values;
}
Async<void> when_all(std::vector<Async<void>> children);

/// Runs all of them at a time and returns what the first one to end returned; the variant's index
/// says which one that was. The others are asked to end early and awaited; what they return or
/// throw is dropped. When the first one to end throws, so does this call.
///
///     auto first = co_await a2akit::when_any(fetch(url), a2akit::sleep(std::chrono::seconds(5)));
///     if (first.index() == 1) co_return co_await ctx.fail("no answer within 5 seconds");
template <class... T>
    requires(sizeof...(T) > 0)
Async<std::variant<detail::Value<T>...>> when_any(Async<T>... children) {
    using First = std::variant<detail::Value<T>...>;
    std::array<detail::ChildScope, sizeof...(T)> scopes;
    std::tuple<std::optional<detail::Value<T>>...> results;
    detail::Siblings siblings(detail::Siblings::Want::kAny, scopes);
    std::apply([&](auto&... result) { (siblings.start(std::move(children), result), ...); },
               results);
    co_await siblings.join();
    std::optional<First> first;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((I == siblings.first()
              ? (void)first.emplace(std::in_place_index<I>, std::move(*std::get<I>(results)))
              : (void)0),
         ...);
    }(std::index_sequence_for<T...>());
    co_return std::move(*first);
}

/// The result of when_any of a vector.
template <class T>
struct FirstOf {
    std::size_t index = 0;
    T value;
};

/// The same for any number of one kind. Throws std::invalid_argument when there is none.
template <class T>
Async<FirstOf<detail::Value<T>>> when_any(std::vector<Async<T>> children) {
    if (children.empty()) throw std::invalid_argument("when_any needs at least one coroutine");
    const auto scopes = std::make_unique<detail::ChildScope[]>(children.size());
    std::vector<std::optional<detail::Value<T>>> results(children.size());
    detail::Siblings siblings(detail::Siblings::Want::kAny, {scopes.get(), children.size()});
    for (std::size_t i = 0; i < children.size(); ++i)
        siblings.start(std::move(children[i]), results[i]);
    co_await siblings.join();
    co_return FirstOf<detail::Value<T>>{siblings.first(), std::move(*results[siblings.first()])};
}

}  // namespace a2akit
