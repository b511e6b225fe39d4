#pragma once

#include "cli/program.hpp"

#include <memory>
#include <string>

namespace a2akit::cli {

/// The task that a command is about: its argument, or --task-id.
class TaskArgument {
public:
    /// Adds both to a command; `name` is the command's, for the error.
    [[nodiscard]] static std::shared_ptr<TaskArgument> add(CLI::App& command, Program& program,
                                                           std::string name);
    /// Throws Failure (usage) when no task is named.
    [[nodiscard]] std::string id(const Session& session) const;

private:
    std::string command_;
    std::string id_;
};

}  // namespace a2akit::cli
