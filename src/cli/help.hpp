#pragma once

#include "cli/program.hpp"

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace a2akit::cli {

/// Adds every command of the table, --help and --version. Help and version print themselves while
/// the command line is parsed, and end it with CLI::Success. Only the commands that `first_word`,
/// the first argument, may choose get their options: all of them together cost milliseconds.
void build(CLI::App& app, Program& program, std::string_view first_word);

/// "task get": the command of the line that could not be parsed; empty: none was recognised.
[[nodiscard]] std::string chosen_command(const CLI::App& app);

}  // namespace a2akit::cli
