#include "backends/postgres/postgres_ports.hpp"

#include "backends/postgres/postgres_broker.hpp"
#include "backends/postgres/postgres_cancel_registry.hpp"
#include "backends/postgres/postgres_event_bus.hpp"
#include "backends/postgres/postgres_storage.hpp"

#include <utility>

namespace a2akit::postgres {

Result<Ports> postgres_ports(PostgresOptions options) {
    auto address = PgAddress::parse(options.url);
    if (!address) return fail(std::move(address.error()));
    auto node = std::make_shared<PostgresNode>(std::move(*address), std::move(options.clock));
    node->notifier().handlers.runs = [node = node.get()] { node->queue().hint_from_afar(); };
    auto storage = std::make_shared<PostgresStorage>(node);
    Ports ports;
    ports.storage = storage;
    ports.context_store = storage;
    ports.maintenance = storage;
    ports.push_store = storage;
    ports.broker = std::make_shared<PostgresBroker>(node);
    ports.event_bus = std::make_shared<PostgresEventBus>(node, std::move(options.local_bus));
    ports.cancel_registry =
        std::make_shared<PostgresCancelRegistry>(node, std::move(options.local_cancels));
    return ports;
}

}  // namespace a2akit::postgres
