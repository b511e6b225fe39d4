#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>

#include <memory>
#include <string>

namespace a2akit::postgres {

struct PostgresOptions {
    /// postgresql://… or postgres://…; see pg_address.hpp for our own parameters.
    std::string url;
    /// The local ports on which this process's subscribers and watchers wait; all ports of
    /// PostgreSQL wake them through these.
    std::shared_ptr<EventBus> local_bus;
    std::shared_ptr<CancelRegistry> local_cancels;
    std::shared_ptr<const Clock> clock = {};  ///< null: the engine's. Overrules it in tests.
};

/// Every port, on one database; connects when the first of them is started. kInvalidParams for a
/// URL that cannot be one. REQUIRES: the local ports are given.
[[nodiscard]] Result<Ports> postgres_ports(PostgresOptions options);

}  // namespace a2akit::postgres
