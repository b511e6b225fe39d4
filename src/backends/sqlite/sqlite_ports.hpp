#pragma once

#include "backends/sqlite/database.hpp"

#include <a2akit/core/clock.hpp>
#include <a2akit/core/result.hpp>
#include <a2akit/ports.hpp>

#include <memory>
#include <string>

namespace a2akit::sqlite {

struct SqliteOptions {
    std::string url;  ///< sqlite:PATH or sqlite:///PATH; made if it does not exist.
    Synchronous synchronous = Synchronous::kFull;
    /// Wakes this process's subscribers and watchers. One file serves one process, and the events
    /// and cancels themselves are in the file.
    std::shared_ptr<EventBus> local_bus;
    std::shared_ptr<CancelRegistry> local_cancels;
    std::shared_ptr<const Clock> clock = {};  ///< null: the machine's.
};

/// Every port, on one file, which this process holds from now on. kInvalidParams for a URL without
/// a file; kUnavailable, saying why and what would help, when the file cannot be used. REQUIRES:
/// the local ports are given.
[[nodiscard]] Result<Ports> sqlite_ports(SqliteOptions options);

/// The file that a URL names.
[[nodiscard]] Result<std::string> path_of(const std::string& url);

}  // namespace a2akit::sqlite
