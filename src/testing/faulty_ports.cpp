#include <a2akit/testing/faulty_ports.hpp>

#include "testing/fault_source.hpp"

#include <algorithm>
#include <utility>

namespace a2akit::testing {

FaultPlan FaultPlan::everything(std::uint64_t seed, double probability) {
    const double p = probability;
    return {.seed = seed,
            .storage_before = p,
            .storage_after = p,
            .storage_delayed = p,
            .broker_dropped = p,
            .broker_duplicated = p,
            .broker_delayed = p,
            .bus_dropped = p,
            .bus_duplicated = p,
            .bus_delayed = p,
            .cancel_dropped = p,
            .cancel_delayed = p};
}

double FaultPlan::probability(Fault fault) const noexcept {
    switch (fault) {
        case Fault::kStorageBefore:
            return storage_before;
        case Fault::kStorageAfter:
            return storage_after;
        case Fault::kStorageDelayed:
            return storage_delayed;
        case Fault::kBrokerDropped:
            return broker_dropped;
        case Fault::kBrokerDuplicated:
            return broker_duplicated;
        case Fault::kBrokerDelayed:
            return broker_delayed;
        case Fault::kBusDropped:
            return bus_dropped;
        case Fault::kBusDuplicated:
            return bus_duplicated;
        case Fault::kBusDelayed:
            return bus_delayed;
        case Fault::kCancelDropped:
            return cancel_dropped;
        case Fault::kCancelDelayed:
            return cancel_delayed;
        case Fault::kStorageThrown:
            return storage_thrown;
    }
    return 0;
}

FaultSource::FaultSource(const FaultPlan& plan) : plan_(plan), details_(plan.seed) {
    for (std::size_t i = 0; i < kFaults; ++i) {
        std::seed_seq seed{plan.seed, plan.seed >> 32, std::uint64_t{i} + 1};
        random_[i].seed(seed);
    }
}

double FaultSource::draw(std::mt19937_64& random) {
    return static_cast<double>(random() >> 11) * 0x1.0p-53;  // the same on every standard library
}

bool FaultSource::strikes(Fault fault) {
    const auto index = static_cast<std::size_t>(fault);
    const std::lock_guard lock(mutex_);
    if (calm_ || draw(random_[index]) >= plan_.probability(fault)) return false;
    ++injected_[index];
    return true;
}

Duration FaultSource::delay() {
    const std::lock_guard lock(mutex_);
    const auto most = std::max<Duration::rep>(1, plan_.delay_at_most.count());
    return Duration(1 + static_cast<Duration::rep>(draw(details_) * static_cast<double>(most)));
}

bool FaultSource::coin() {
    const std::lock_guard lock(mutex_);
    return draw(details_) < 0.5;
}

std::int64_t FaultSource::injected(Fault fault) const noexcept {
    const std::lock_guard lock(mutex_);
    return injected_[static_cast<std::size_t>(fault)];
}

void FaultSource::calm() noexcept {
    const std::lock_guard lock(mutex_);
    calm_ = true;
}

void Delayer::later(Duration delay, Send send) {
    Loop* here = Loop::current();
    if (here == nullptr) {
        (void)send();
        return;
    }
    TaskGroup* group = nullptr;
    {
        const std::lock_guard lock(mutex_);
        auto& made = groups_[here];
        if (!made) made = std::make_unique<TaskGroup>();
        group = made.get();
    }
    group->spawn(run(delay, std::move(send)));
}

Async<void> Delayer::run(Duration delay, Send send) {
    co_await sleep_for(delay);
    auto sent = send();
    (void)co_await std::move(sent);
}

// A group is taken out before it is waited for: a loop that ends afterwards leaves nothing behind
// here, and two stops at once do not wait for the same one.
Async<void> Delayer::join() {
    Loop& home = *Loop::current();
    for (;;) {
        Loop* loop = nullptr;
        std::unique_ptr<TaskGroup> group;
        {
            const std::lock_guard lock(mutex_);
            if (groups_.empty()) break;
            loop = groups_.begin()->first;
            group = std::move(groups_.begin()->second);
            groups_.erase(groups_.begin());
        }
        co_await resume_on(*loop);
        co_await group->join();
    }
    co_await resume_on(home);
}

FaultyPorts FaultyPorts::wrap(Ports inner, FaultPlan plan) {
    FaultyPorts faulty;
    faulty.source_ = std::make_shared<FaultSource>(plan);
    const auto wrap_one = [&](auto& port) {
        return port ? make_faulty(std::move(port), faulty.source_) : nullptr;
    };
    faulty.ports_.storage = wrap_one(inner.storage);
    faulty.ports_.context_store = wrap_one(inner.context_store);
    faulty.ports_.maintenance = wrap_one(inner.maintenance);
    faulty.ports_.broker = wrap_one(inner.broker);
    faulty.ports_.event_bus = wrap_one(inner.event_bus);
    faulty.ports_.cancel_registry = wrap_one(inner.cancel_registry);
    return faulty;
}

std::int64_t FaultyPorts::injected(Fault fault) const noexcept { return source_->injected(fault); }

std::int64_t FaultyPorts::injected() const noexcept {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < kFaults; ++i) sum += source_->injected(static_cast<Fault>(i));
    return sum;
}

void FaultyPorts::calm() noexcept { source_->calm(); }

}  // namespace a2akit::testing
