#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace a2akit::cli {
namespace {

/// Text for troff: backslashes and dashes are literal, and no line begins with a control character.
std::string troff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    return out;
}

std::string options_of(const CLI::App& app) {
    std::string text;
    for (const CLI::Option* option :
         app.get_options([](const CLI::Option* one) { return one->nonpositional(); })) {
        text += ".TP\n.B " + troff(option->get_name(false, true));
        if (!option->get_option_text().empty()) text += " " + troff(option->get_option_text());
        text += "\n" + troff(option->get_description()) + "\n";
    }
    return text;
}

std::string page_of(const CLI::App& root) {
    std::string page =
        ".TH A2AKIT 1 \"\" \"a2akit " A2AKIT_VERSION
        "\" \"User Commands\"\n"
        ".SH NAME\na2akit \\- talk to agents over the A2A protocol, and serve them\n"
        ".SH SYNOPSIS\n.B a2akit\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n"
        ".SH COMMANDS\n";
    for (const Command& command : commands()) {
        page += ".SS " + troff(command.name) + "\n" + troff(command.summary) + "\n";
        const CLI::App* app = &root;
        for (std::string_view left = command.name; !left.empty();) {
            const std::size_t space = std::min(left.find(' '), left.size());
            app = app->get_subcommand(std::string(left.substr(0, space)));
            left.remove_prefix(std::min(space + 1, left.size()));
        }
        page += options_of(*app);
        if (!command.examples.empty())
            page += ".PP\nExamples:\n.PP\n.nf\n" + troff(command.examples) + ".fi\n";
    }
    page +=
        ".SH ENVIRONMENT\nEach option can be set as A2ACLI_ and its name in capitals, with "
        "underscores; the description of each option names its variable.\n";
    page +=
        ".SH FILES\n.I .env\nin the working directory or above it, and\n"
        ".I ~/.config/a2a\\-cli/.env\nhold the same variables, one on each line. A flag wins "
        "over the environment, the environment over the files.\n";
    page +=
        ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 the agent is unreachable, "
        "4 authentication, 5 timeout\n";
    return page;
}

}  // namespace

void add_man(CLI::App& command, Program& program) {
    program.on_chosen_alone(command, [root = command.get_parent(), &program] {
        program.console().text(page_of(*root));
        return kExitSuccess;
    });
}

}  // namespace a2akit::cli
