#include "storage/forwarding_ports.hpp"
#include "testing/fault_source.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace a2akit::testing {
namespace {

// Without a retry_after, which would say that the store is full.
Error unavailable() { return Error{ErrorCode::kUnavailable, "an injected fault", nullptr}; }

template <class Call>
std::invoke_result_t<Call&> tampered(Call call, bool answer_lost, Duration before, Duration after) {
    if (before > Duration::zero()) co_await sleep_for(before);
    auto running = call();
    auto answer = co_await std::move(running);
    if (after > Duration::zero()) co_await sleep_for(after);
    if (answer_lost) co_return unavailable();
    co_return answer;
}

}  // namespace

/// Not in the namespace without a name: GCC warns of coroutines that hold lambdas of such a type.
namespace tampering {

/// Makes the call, or fails it before or after, or lets it take a while.
class Faults {
public:
    explicit Faults(std::shared_ptr<FaultSource> source) : source_(std::move(source)) {}

    template <class Call>
    std::invoke_result_t<Call&> operator()(const char* /*name*/, Call call) const {
        if (source_->strikes(Fault::kStorageThrown))
            throw std::runtime_error("an injected exception");
        if (source_->strikes(Fault::kStorageBefore)) return unavailable();
        const bool lost = source_->strikes(Fault::kStorageAfter);
        const bool late = Loop::current() != nullptr && source_->strikes(Fault::kStorageDelayed);
        if (!lost && !late) return call();
        const Duration delay = late ? source_->delay() : Duration::zero();
        const bool first = source_->coin();
        return tampered(std::move(call), lost, first ? delay : Duration::zero(),
                        first ? Duration::zero() : delay);
    }

private:
    std::shared_ptr<FaultSource> source_;
};

}  // namespace tampering

namespace {

using tampering::Faults;

class FaultyStorage final : public ForwardingStorage<Faults> {
public:
    using ForwardingStorage::ForwardingStorage;

    AsyncResult<void> start() override { return inner_->start(); }
    AsyncResult<void> stop(SteadyTime deadline) override { return inner_->stop(deadline); }
    AsyncResult<void> check() override { return inner_->check(); }
};

}  // namespace

std::shared_ptr<Storage> make_faulty(std::shared_ptr<Storage> inner,
                                     std::shared_ptr<FaultSource> faults) {
    return std::make_shared<FaultyStorage>(std::move(inner), Faults(std::move(faults)));
}
std::shared_ptr<ContextStore> make_faulty(std::shared_ptr<ContextStore> inner,
                                          std::shared_ptr<FaultSource> faults) {
    return std::make_shared<ForwardingContextStore<Faults>>(std::move(inner),
                                                            Faults(std::move(faults)));
}
std::shared_ptr<Maintenance> make_faulty(std::shared_ptr<Maintenance> inner,
                                         std::shared_ptr<FaultSource> faults) {
    return std::make_shared<ForwardingMaintenance<Faults>>(std::move(inner),
                                                           Faults(std::move(faults)));
}

}  // namespace a2akit::testing
