#pragma once

#include "cli/console.hpp"
#include "cli/settings.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::cli {

/// What a command works with: the settings in effect, and the streams it writes to.
class Session {
public:
    Session(Configuration configuration, Console& console);

    [[nodiscard]] const Configuration& configuration() const noexcept { return configuration_; }
    [[nodiscard]] const Options& options() const noexcept { return configuration_.options; }
    [[nodiscard]] Console& console() const noexcept { return console_; }

    /// "a2akit task get <id> --wait", with --agent-card as this command was given it.
    [[nodiscard]] std::string command_line(std::string_view command) const;

    /// From now on an interruption (SIGINT, SIGTERM) and the end of --timeout tell the user how to
    /// go on with this task.
    void remember_task(std::string_view task_id) const;

private:
    Configuration configuration_;
    Console& console_;
};

/// Ends the process with A2ACLI_ERR_TIMEOUT when --timeout is over, whatever it waits for: there is
/// nothing to clean up, and nothing can then make the command hang. Does nothing for a zero time.
class TimeLimit {
public:
    TimeLimit(Duration timeout, Console& console);
    TimeLimit(const TimeLimit&) = delete;
    TimeLimit& operator=(const TimeLimit&) = delete;
    ~TimeLimit();

private:
    struct Watch;
    std::unique_ptr<Watch> watch_;
};

}  // namespace a2akit::cli
