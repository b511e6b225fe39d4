#include "backends/memory/memory_ports.hpp"

#include "backends/memory/memory_broker.hpp"
#include "backends/memory/memory_cancel_registry.hpp"
#include "backends/memory/memory_event_bus.hpp"
#include "backends/memory/memory_storage.hpp"

#include <utility>

namespace a2akit::backends {

Ports memory_ports(MemoryPortsOptions options) {
    const auto clock = options.clock ? std::move(options.clock) : system_clock();
    auto storage = std::make_shared<MemoryStorage>(clock, options.max_tasks, options.max_bytes);
    Ports ports;
    ports.storage = storage;
    ports.context_store = storage;
    ports.maintenance = storage;
    ports.push_store = storage;
    ports.broker = std::make_shared<MemoryBroker>(clock);
    ports.event_bus = std::make_shared<MemoryEventBus>();
    ports.cancel_registry = std::make_shared<MemoryCancelRegistry>();
    return ports;
}

}  // namespace a2akit::backends
