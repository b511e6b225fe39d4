#pragma once

#include <a2akit/broker/broker.hpp>
#include <a2akit/cancel/cancel_registry.hpp>
#include <a2akit/event_bus/event_bus.hpp>
#include <a2akit/storage/context_store.hpp>
#include <a2akit/storage/maintenance.hpp>
#include <a2akit/storage/push_store.hpp>
#include <a2akit/storage/storage.hpp>

#include <memory>

namespace a2akit {

/// Ready-made ports, for code that shares, decorates or tests them. A Server makes the ports that
/// are null from the settings' URLs. One object may implement several of them.
///
/// Ports return errors and throw nothing. If one throws nevertheless, the Server logs the exception
/// and treats it as kInternal.
struct Ports {
    std::shared_ptr<Storage> storage = {};
    std::shared_ptr<ContextStore> context_store = {};
    std::shared_ptr<Maintenance> maintenance = {};
    /// Null beside a storage that keeps no push notification configurations.
    std::shared_ptr<PushStore> push_store = {};
    std::shared_ptr<Broker> broker = {};
    std::shared_ptr<EventBus> event_bus = {};
    std::shared_ptr<CancelRegistry> cancel_registry = {};
};

}  // namespace a2akit
