#include <a2akit/core/when.hpp>

#include "core/later.hpp"

namespace a2akit {
namespace detail {
namespace {

class NeverStopped final : public StopScope {
public:
    [[nodiscard]] bool stop_requested() const noexcept override { return false; }
    Async<void> wait(Signal& done, std::optional<SteadyTime> until) override {
        co_await Signal::Wait(done, until);
    }
};

}  // namespace

StopScope& never_stopped() noexcept {
    static NeverStopped scope;
    return scope;
}

Async<void> ChildScope::wait(Signal& done, std::optional<SteadyTime> until) {
    co_await Signal::either(stop_, done, until);
}

void Siblings::ended(std::size_t index, std::exception_ptr thrown) noexcept {
    const bool decides = !decided_ && (want_ == Want::kAny || thrown);
    if (decides) {
        decided_ = true;
        first_ = index;
        thrown_ = std::move(thrown);
    }
    if (--left_ == 0) {
        all_ended_.set();
    } else if (decides) {
        stop();
    }
}

void Siblings::stop() noexcept {
    for (ChildScope& scope : scopes_) scope.stop();
}

Async<void> Siblings::join() {
    StopScope* const scope = co_await current_scope();
    if (scope != nullptr && left_ != 0) {
        if (!scope->stop_requested()) co_await scope->wait(all_ended_, std::nullopt);
        if (left_ != 0) stop();
    }
    co_await group_.join();
    if (thrown_) std::rethrow_exception(thrown_);
}

}  // namespace detail

Async<void> sleep(Duration span) {
    detail::StopScope* scope = co_await detail::current_scope();
    if (scope == nullptr) scope = &detail::never_stopped();
    Signal never;
    const SteadyTime until = later(Loop::current()->now(), span);
    if (!scope->stop_requested()) co_await scope->wait(never, until);
    if (scope->stop_requested()) throw Cancelled();
}

Async<void> when_all(std::vector<Async<void>> children) {
    const auto scopes = std::make_unique<detail::ChildScope[]>(children.size());
    std::vector<std::optional<std::monostate>> results(children.size());
    detail::Siblings siblings(detail::Siblings::Want::kAll, {scopes.get(), children.size()});
    for (std::size_t i = 0; i < children.size(); ++i)
        siblings.start(std::move(children[i]), results[i]);
    co_await siblings.join();
}

}  // namespace a2akit
