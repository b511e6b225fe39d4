#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace a2akit::cli {

struct DemoOptions {
    std::optional<std::string> host;    ///< Absent: A2AKIT_HOST, or its default.
    std::optional<std::uint16_t> port;  ///< Absent: A2AKIT_PORT, or its default.
    std::optional<std::string> once;    ///< Send this, print the answer, and stop.
};

/// Starts the demo agent, sends it a streaming message over its own port and prints the answer on
/// stdout while it arrives; everything else goes to stderr. Serves until SIGINT or SIGTERM, unless
/// `once`. Returns the exit status.
int run_demo(const DemoOptions& options);

}  // namespace a2akit::cli
