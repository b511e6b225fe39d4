#pragma once

#include <a2akit/core/clock.hpp>
#include <a2akit/ports.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace a2akit::backends {

struct MemoryPortsOptions {
    std::shared_ptr<const Clock> clock = {};  ///< Null: the machine's.
    std::int64_t max_tasks = 0;  ///< Ended tasks are erased first, oldest first; 0: no limit.
    std::size_t max_bytes = 0;   ///< Of all tasks together, likewise; 0: no limit.
};

/// Every port, in this process's memory. Everything is forgotten with the last reference.
[[nodiscard]] Ports memory_ports(MemoryPortsOptions options = {});

}  // namespace a2akit::backends
