#include "cli/console.hpp"
#include "cli/failure.hpp"
#include "cli/help.hpp"
#include "cli/plugin.hpp"
#include "cli/program.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace a2akit::cli;

/// The format of errors in the command line itself, which can't be parsed to its end.
OutputFormat format_of(const std::vector<std::string_view>& arguments) {
    const char* variable = std::getenv("A2ACLI_OUTPUT");
    std::string_view format = variable != nullptr ? variable : "";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view one = arguments[i];
        if ((one == "-o" || one == "--output") && i + 1 < arguments.size())
            format = arguments[i + 1];
        if (one.starts_with("--output=")) format = one.substr(9);
        if (one == "-ojson" || one == "-o=json") format = "json";
    }
    return format == "json" ? OutputFormat::kJson : OutputFormat::kText;
}

/// CLI11 would only say that a subcommand is required.
void check_command(std::string_view word) {
    if (word.empty() || word.starts_with('-')) return;
    for (const Command& command : commands()) {
        if (command.name.substr(0, command.name.find(' ')) == word) return;
    }
    throw usage("there is no command \"" + std::string(word) + '"');
}

int run(int argc, char** argv, Console& console) {
    run_plugin({argv, argv + argc});
    check_command(argc > 1 ? argv[1] : "");
    CLI::App app;
    Program program(console);
    build(app, program, argc > 1 ? argv[1] : "");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForVersion& version) {
        console.text(std::string(version.what()) + "\n");
        return kExitSuccess;
    } catch (const CLI::CallForHelp&) {
        console.text(app.help());
        return kExitSuccess;
    } catch (const CLI::ParseError& error) {
        throw usage(error.what(), chosen_command(app));
    }
    return program.run();
}

}  // namespace

int main(int argc, char** argv) {
    Console console;
    console.configure({.output = format_of({argv + 1, argv + argc})});
    try {
        return run(argc, argv, console);
    } catch (const Failure& failure) {
        console.failure(failure);
        return failure.exit_status();
    } catch (const std::exception& exception) {
        const Failure failure(LocalError::kInternal, exception.what());
        console.failure(failure);
        return failure.exit_status();
    }
}
