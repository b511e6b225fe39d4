#pragma once

#include <a2akit/ports.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace a2akit::testing {

struct MemoryPortsOptions {
    std::shared_ptr<const Clock> clock = {};  ///< null: the machine's. A FakeClock in tests.
    std::int64_t max_tasks = 0;               ///< Ended tasks go first, oldest first; 0: no cap.
    std::size_t max_bytes = 0;                ///< Of all tasks; ended tasks go first. 0: no cap.
};

/// Every port, in this process's memory: as for `memory:` in the settings. Everything is forgotten
/// with the last reference. Several Servers may share one set.
[[nodiscard]] Ports memory_ports(MemoryPortsOptions options = {});

}  // namespace a2akit::testing
