#include <a2akit/testing/memory_ports.hpp>

#include "backends/memory/memory_ports.hpp"

#include <utility>

namespace a2akit::testing {

Ports memory_ports(MemoryPortsOptions options) {
    return backends::memory_ports({.clock = std::move(options.clock),
                                   .max_tasks = options.max_tasks,
                                   .max_bytes = options.max_bytes});
}

}  // namespace a2akit::testing
