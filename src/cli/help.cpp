#include "cli/help.hpp"

#include "cli/commands.hpp"
#include "cli/failure.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace a2akit::cli {
namespace {

constexpr std::string_view kDescription =
    "a2akit talks to agents over the A2A protocol, and serves them.";
constexpr std::string_view kFooter =
    "Examples:\n"
    "  a2akit demo-server --port 8000              an agent to try the commands with\n"
    "  a2akit send -a localhost:8000 \"Hello\"       send a message, wait for the result\n"
    "  a2akit task list -a localhost:8000          what the agent has done\n"
    "  a2akit help send                            all about one command\n"
    "\n"
    "Each option can also be set as A2ACLI_<OPTION>, in the environment or in a .env file;\n"
    "`a2akit config show` lists the values in effect and where they come from.\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 unreachable, 4 authentication, 5 timeout.\n";

/// The commands with their full names in the place of CLI11's list of subcommands.
class Formatter final : public CLI::Formatter {
public:
    Formatter() { column_width(34); }

    std::string make_usage(const CLI::App* app, std::string name) const override {
        (void)name;
        std::string usage = "Usage: " + path_of(app);
        if (!app->get_subcommands({}).empty()) return usage + " COMMAND [OPTIONS]\n";
        for (const CLI::Option* option :
             app->get_options([](const CLI::Option* one) { return one->get_positional(); }))
            usage += " [" + option->get_name(true, false) + "]";
        return usage + " [OPTIONS]\n";
    }
    std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
        (void)mode;
        // "a2akit task" -> "task "
        std::string group = path_of(app) + " ";
        group.erase(0, group.find(' ') + 1);
        std::string list;
        for (const Command& command : commands()) {
            if (!command.name.starts_with(group)) continue;
            std::string line = "  " + std::string(command.name);
            line.resize(std::max<std::size_t>(line.size() + 1, 24), ' ');
            list += line + std::string(command.summary) + "\n";
        }
        return app->get_subcommands({}).empty() ? "" : "\nCommands:\n" + list;
    }

private:
    static std::string path_of(const CLI::App* app) {
        const std::string name = app->get_name();
        return app->get_parent() == nullptr ? name : path_of(app->get_parent()) + " " + name;
    }
};

CLI::App& group_of(CLI::App& app, const std::string& name) {
    for (CLI::App* one : app.get_subcommands({})) {
        if (one->get_name() == name) return *one;
    }
    CLI::App* group = app.add_subcommand(name, "Commands about a " + name);
    group->require_subcommand(1);
    return *group;
}

CLI::App& add_command(CLI::App& app, const Command& command) {
    std::string name(command.name);
    CLI::App* parent = &app;
    for (std::size_t space = name.find(' '); space != std::string::npos; space = name.find(' ')) {
        parent = &group_of(*parent, name.substr(0, space));
        name.erase(0, space + 1);
    }
    CLI::App* added = parent->add_subcommand(name, std::string(command.summary));
    if (!command.examples.empty()) added->footer("Examples:\n" + std::string(command.examples));
    return *added;
}

}  // namespace

void build(CLI::App& app, Program& program, std::string_view first_word) {
    app.name("a2akit");
    app.description(std::string(kDescription));
    app.footer(std::string(kFooter));
    app.set_version_flag("-v,--version", "a2akit " A2AKIT_VERSION);
    app.require_subcommand(1);
    app.formatter(std::make_shared<Formatter>());
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.option_defaults()->always_capture_default(false);
    const bool explains = first_word == "help" || first_word == "completion" || first_word == "man";
    for (const Command& command : commands()) {
        CLI::App& added = add_command(app, command);
        const bool may_be_chosen = command.name.substr(0, command.name.find(' ')) == first_word;
        if (may_be_chosen || explains) command.add(added, program);
    }
}

void add_help(CLI::App& command, Program& program) {
    const auto words = std::make_shared<std::vector<std::string>>();
    command.add_option("command", *words, "The command to explain, such as: task get")
        ->option_text(" ");
    program.on_chosen_alone(command, [words, root = command.get_parent(), &program] {
        const CLI::App* chosen = root;
        for (const std::string& word : *words) {
            const auto commands = chosen->get_subcommands(
                [&](const CLI::App* one) { return one->get_name() == word; });
            if (commands.empty()) throw usage("there is no command \"" + word + "\"");
            chosen = commands.front();
        }
        // As a call for help of that command, not of this one.
        program.console().text(chosen->get_formatter()->make_help(chosen, chosen->get_name(),
                                                                  CLI::AppFormatMode::Normal));
        return kExitSuccess;
    });
}

std::string chosen_command(const CLI::App& app) {
    std::string name;
    for (const CLI::App* one = &app; !one->get_subcommands().empty();) {
        one = one->get_subcommands().front();
        name += (name.empty() ? "" : " ") + one->get_name();
    }
    return name;
}

}  // namespace a2akit::cli
