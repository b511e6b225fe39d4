#pragma once

#include "cli/console.hpp"
#include "cli/session.hpp"
#include "cli/settings.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace a2akit::cli {

/// The command line while it is being parsed: the values of the settings' flags, and what the
/// chosen command will do.
class Program {
public:
    explicit Program(Console& console) : console_(console) {}

    /// Adds the flags of these settings to a command. Commands that talk to an agent call
    /// `add_agent_settings`, which adds all that concern the connection.
    void add_settings(CLI::App& command, std::initializer_list<std::string_view> flags);
    void add_agent_settings(CLI::App& command);
    /// --stream, which is never read from the environment or a file.
    void add_stream_flag(CLI::App& command);

    /// Runs `action` when the command was chosen, with the settings resolved; its result is the
    /// exit status.
    void on_chosen(CLI::App& command, std::function<int(const Session&)> action);
    /// As on_chosen, for a command that uses none of the settings.
    void on_chosen_alone(CLI::App& command, std::function<int()> action);

    [[nodiscard]] bool streams() const noexcept { return streams_; }
    [[nodiscard]] const FlagValues& flags() const noexcept { return flags_; }
    [[nodiscard]] Console& console() const noexcept { return console_; }
    /// REQUIRES: the command line was parsed.
    int run();

private:
    Console& console_;
    FlagValues flags_;
    bool streams_ = false;
    std::function<int()> action_;
};

/// One command of the table in command_table.cpp.
struct Command {
    /// "send", or "task get" for a command of a group.
    std::string_view name;
    std::string_view summary;
    /// Adds the options of the command, and calls Program::on_chosen.
    void (*add)(CLI::App& command, Program& program);
    /// Command lines to learn from, shown by the help.
    std::string_view examples = {};
};

/// Every command, in the order of the help.
[[nodiscard]] const std::vector<Command>& commands();

}  // namespace a2akit::cli
