#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace a2akit::cli {

/// What may follow the words of a command.
struct CommandNode {
    std::string path;                   ///< "task get"; empty: the tool itself.
    std::vector<std::string> commands;  ///< "get", "cancel" and so on for "task".
    std::vector<std::string> flags;     ///< With their dashes.
};

/// The tool and each of its commands.
[[nodiscard]] std::vector<CommandNode> command_tree(const CLI::App& root);

}  // namespace a2akit::cli
