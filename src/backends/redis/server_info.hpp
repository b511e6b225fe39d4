#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace a2akit::redis {

/// The parts of the server's INFO that we use.
struct ServerInfo {
    int major = 0;  ///< Of its version; 0: it does not say.
    bool is_replica = false;
    bool is_cluster = false;
    std::string eviction;  ///< maxmemory-policy

    [[nodiscard]] static ServerInfo read(std::string_view info);
    /// Why this server cannot be used, and what to do; nothing when it can.
    [[nodiscard]] std::optional<std::string> problem() const;
    /// Warnings about settings that should be changed.
    [[nodiscard]] std::optional<std::string> warning() const;
};

}  // namespace a2akit::redis
