#include "cli/task_argument.hpp"

#include "cli/failure.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace a2akit::cli {

std::shared_ptr<TaskArgument> TaskArgument::add(CLI::App& command, Program& program,
                                                std::string name) {
    auto argument = std::make_shared<TaskArgument>();
    argument->command_ = std::move(name);
    command.add_option("taskId", argument->id_, "The task")->option_text(" ");
    program.add_settings(command, {"task-id"});
    return argument;
}

std::string TaskArgument::id(const Session& session) const {
    const std::string& id = id_.empty() ? session.options().task_id : id_;
    if (id.empty()) throw usage("no task is named; give its id", command_);
    return id;
}

}  // namespace a2akit::cli
