#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace a2akit::cli {

/// Adds --host and --port; REQUIRES: `host` and `port` live until the command line is parsed.
/// Absent ones are those of A2AKIT_HOST and A2AKIT_PORT, or their defaults.
void add_address_options(CLI::App& command, std::optional<std::string>& host,
                         std::optional<std::uint16_t>& port);

}  // namespace a2akit::cli
