#pragma once

#include "backends/common/shared_ports.hpp"
#include "backends/postgres/postgres_node.hpp"

namespace a2akit::postgres {

using PostgresEventBus = backends::SharedEventBus<PostgresNode>;

}  // namespace a2akit::postgres
