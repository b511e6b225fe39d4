#include "cli/command_tree.hpp"

#include <CLI/CLI.hpp>

namespace a2akit::cli {
namespace {

void walk(const CLI::App& app, const std::string& path, std::vector<CommandNode>& tree) {
    CommandNode node{path, {}, {}};
    for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
        node.commands.push_back(one->get_name());
    for (const CLI::Option* option :
         app.get_options([](const CLI::Option* one) { return one->nonpositional(); })) {
        for (const std::string& name : option->get_lnames()) node.flags.push_back("--" + name);
        for (const std::string& name : option->get_snames()) node.flags.push_back("-" + name);
    }
    tree.push_back(node);
    for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
        walk(*one, (path.empty() ? "" : path + " ") + one->get_name(), tree);
}

}  // namespace

std::vector<CommandNode> command_tree(const CLI::App& root) {
    std::vector<CommandNode> tree;
    walk(root, "", tree);
    return tree;
}

}  // namespace a2akit::cli
