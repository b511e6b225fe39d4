#pragma once

#include "cli/program.hpp"

#include <string>

namespace CLI {
class App;
}

namespace a2akit::cli {

/// Adds every command of the table, --help and --version. Help and version print themselves while
/// the command line is parsed, and end it with CLI::Success.
void build(CLI::App& app, Program& program);

/// "task get": the command of the line that could not be parsed; empty: none was recognised.
[[nodiscard]] std::string chosen_command(const CLI::App& app);

}  // namespace a2akit::cli
