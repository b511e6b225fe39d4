#include "runtime/guarded_ports.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "storage/forwarding_ports.hpp"

#include <a2akit/core/loop.hpp>

#include <chrono>
#include <exception>
#include <type_traits>
#include <utility>

namespace a2akit {
namespace {

constexpr Duration kAskAgain = std::chrono::seconds(1);

/// REQUIRES: called in a catch block.
void log_thrown(const char* call) noexcept {
    try {
        throw;
    } catch (const std::exception& e) {
        log::error("a port threw, which no port may call={} error={}", call, quoted(e.what()));
    } catch (...) {
        log::error(
            "a port threw, which no port may call={} error=\"an exception that is not derived from "
            "std::exception\"",
            call);
    }
}

template <class Call>
std::invoke_result_t<Call&> guarded_call(const char* name, Call call) {
    try {
        auto pending = call();
        co_return co_await std::move(pending);
    } catch (...) {
        log_thrown(name);
    }
    co_return Error{ErrorCode::kInternal, std::string("a port threw in ") + name, nullptr};
}

}  // namespace

/// Not in the namespace without a name: GCC warns of coroutines that hold lambdas of such a type.
namespace guarding {

struct CatchAll {
    template <class Call>
    auto operator()(const char* name, Call call) const {
        return guarded_call(name, std::move(call));
    }
};

}  // namespace guarding

namespace {

using guarding::CatchAll;

class GuardedReceiver final : public Broker::Receiver {
public:
    /// Null: delivers nothing.
    explicit GuardedReceiver(std::unique_ptr<Broker::Receiver> inner) : inner_(std::move(inner)) {}

    Async<std::unique_ptr<Delivery>> receive(int room) override {
        while (inner_ && !closed_.is_set()) {
            try {
                auto pending = inner_->receive(room);
                std::unique_ptr<Delivery> delivery = co_await std::move(pending);
                if (!delivery) co_return nullptr;
                co_return std::make_unique<ForwardingDelivery<CatchAll>>(std::move(delivery));
            } catch (...) {
                log_thrown("Receiver::receive");
            }
            const SteadyTime until = Loop::current()->now() + kAskAgain;
            co_await closed_.wait_until(until);
        }
        co_return nullptr;
    }
    void close() noexcept override {
        closed_.set();
        if (inner_) inner_->close();
    }

private:
    std::unique_ptr<Broker::Receiver> inner_;
    Signal closed_;
};

class GuardedBroker final : public ForwardingBroker<CatchAll> {
public:
    using ForwardingBroker::ForwardingBroker;
    std::unique_ptr<Receiver> receiver(NodeId node, Lease lease, int slots) override {
        std::unique_ptr<Receiver> made;
        try {
            made = inner_->receiver(node, lease, slots);
        } catch (...) {
            log_thrown("Broker::receiver");
        }
        return std::make_unique<GuardedReceiver>(std::move(made));
    }
};

class GuardedEventBus final : public ForwardingEventBus<CatchAll> {
public:
    using ForwardingEventBus::ForwardingEventBus;
    [[nodiscard]] std::vector<TaskId> watched() const override {
        try {
            return inner_->watched();
        } catch (...) {
            log_thrown("EventBus::watched");
            return {};
        }
    }
    void wake_local(Wake wake, bool erased) override {
        try {
            inner_->wake_local(wake, erased);
        } catch (...) {
            log_thrown("EventBus::wake_local");
        }
    }
};

template <class Wrapper, class Port>
void wrap(std::shared_ptr<Port>& port) {
    if (port) port = std::make_shared<Wrapper>(std::move(port));
}

}  // namespace

Ports guarded(Ports ports) {
    wrap<ForwardingStorage<CatchAll>>(ports.storage);
    wrap<ForwardingContextStore<CatchAll>>(ports.context_store);
    wrap<ForwardingMaintenance<CatchAll>>(ports.maintenance);
    wrap<ForwardingPushStore<CatchAll>>(ports.push_store);
    wrap<GuardedBroker>(ports.broker);
    wrap<GuardedEventBus>(ports.event_bus);
    wrap<ForwardingCancelRegistry<CatchAll>>(ports.cancel_registry);
    return ports;
}

}  // namespace a2akit
