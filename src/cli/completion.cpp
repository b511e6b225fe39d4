#include "cli/commands.hpp"

#include "cli/command_tree.hpp"
#include "cli/failure.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

// Each script finds the command among the words that were typed, and offers what may follow it.

namespace a2akit::cli {
namespace {

std::string words_of(const CommandNode& node) {
    std::string words;
    for (const std::string& word : node.commands) words += word + " ";
    for (const std::string& flag : node.flags) words += flag + " ";
    if (!words.empty()) words.pop_back();
    return words;
}

/// "' send'|' task'|'task get'": what prolongs the path, in the patterns of a case.
std::string patterns_of(const std::vector<CommandNode>& tree) {
    std::string patterns;
    for (const CommandNode& node : tree) {
        for (const std::string& command : node.commands)
            patterns += (patterns.empty() ? "'" : "|'") + node.path + " " + command + "'";
    }
    return patterns;
}

std::string bash_script(const std::vector<CommandNode>& tree) {
    std::string script =
        "# bash completion of a2akit; load it with: source <(a2akit completion bash)\n"
        "_a2akit() {\n"
        "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" path= "
        "word\n"
        "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "    case \"$path $word\" in " +
        patterns_of(tree) +
        ") path=\"${path:+$path }$word\" ;; esac\n"
        "  done\n"
        "  case \"$prev\" in\n"
        "    -o|--output) COMPREPLY=($(compgen -W 'text json' -- \"$cur\")); return ;;\n"
        "    --transport) COMPREPLY=($(compgen -W 'jsonrpc rest grpc' -- \"$cur\")); return ;;\n"
        "    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- \"$cur\")); return ;;\n"
        "  esac\n"
        "  case \"$path\" in\n";
    for (const CommandNode& node : tree) {
        script += "    '" + node.path + "') COMPREPLY=($(compgen -W '" + words_of(node) +
                  "' -- \"$cur\")) ;;\n";
    }
    return script + "  esac\n}\ncomplete -o default -F _a2akit a2akit\n";
}

std::string zsh_script(const std::vector<CommandNode>& tree) {
    std::string script =
        "#compdef a2akit\n"
        "# zsh completion of a2akit; load it with: source <(a2akit completion zsh)\n"
        "_a2akit() {\n"
        "  local path_= word\n"
        "  for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
        "    case \"$path_ $word\" in (" +
        patterns_of(tree) +
        ") path_=\"${path_:+$path_ }$word\" ;; esac\n"
        "  done\n"
        "  case \"${words[CURRENT-1]}\" in\n"
        "    -o|--output) compadd -- text json; return ;;\n"
        "    --transport) compadd -- jsonrpc rest grpc; return ;;\n"
        "    completion) compadd -- bash zsh fish; return ;;\n"
        "  esac\n"
        "  case \"$path_\" in\n";
    for (const CommandNode& node : tree)
        script += "    '" + node.path + "') compadd -- " + words_of(node) + " ;;\n";
    // In a file of $fpath, this script is itself the function that the first Tab calls.
    return script +
           "  esac\n  _files\n}\n"
           "if [ \"$funcstack[1]\" = _a2akit ]; then\n  _a2akit\nelse\n"
           "  compdef _a2akit a2akit\nfi\n";
}

std::string fish_script(const std::vector<CommandNode>& tree) {
    std::string script =
        "# fish completion of a2akit; load it with: a2akit completion fish | source\n"
        "function __a2akit_words\n"
        "  set -l path ''\n"
        "  for word in (commandline -opc)[2..-1]\n"
        "    switch \"$path $word\"\n"
        "      case ";
    for (const CommandNode& node : tree) {
        for (const std::string& command : node.commands)
            script += "'" + node.path + " " + command + "' ";
    }
    script +=
        "\n"
        "        set path (string trim \"$path $word\")\n"
        "    end\n"
        "  end\n"
        "  switch \"$path\"\n";
    for (const CommandNode& node : tree) {
        script +=
            "    case '" + node.path + "'\n      string split ' ' -- '" + words_of(node) + "'\n";
    }
    return script +
           "  end\nend\n"
           "complete -c a2akit -a '(__a2akit_words)'\n"
           "complete -c a2akit -s o -l output -x -a 'text json'\n"
           "complete -c a2akit -l transport -x -a 'jsonrpc rest grpc'\n";
}

}  // namespace

void add_completion(CLI::App& command, Program& program) {
    const auto shell = std::make_shared<std::string>();
    command.add_option("shell", *shell, "bash, zsh or fish")->option_text(" ")->required();
    program.on_chosen_alone(command, [shell, root = command.get_parent(), &program] {
        const std::vector<CommandNode> tree = command_tree(*root);
        if (*shell == "bash") {
            program.console().text(bash_script(tree));
        } else if (*shell == "zsh") {
            program.console().text(zsh_script(tree));
        } else if (*shell == "fish") {
            program.console().text(fish_script(tree));
        } else {
            throw usage("there is no completion for \"" + *shell + "\"; use bash, zsh or fish",
                        "completion");
        }
        return kExitSuccess;
    });
}

}  // namespace a2akit::cli
