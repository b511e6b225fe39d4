#include "cli/check.hpp"
#include "cli/demo.hpp"

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
    CLI::App app{"Agents that speak A2A, and what one needs around them."};
    app.set_version_flag("--version", "a2akit " A2AKIT_VERSION);
    app.require_subcommand(1);

    a2akit::cli::DemoOptions demo;
    std::string once;
    CLI::App* command = app.add_subcommand("demo", "Start an agent that says back what it is told, and talk to it");
    command->add_option("--host", demo.host, "Address to listen on; else A2AKIT_HOST, else 127.0.0.1");
    command->add_option("--port", demo.port, "Port to listen on, 0 for any free one; else A2AKIT_PORT, else 8000");
    const auto* once_option = command->add_option("--once", once, "Send TEXT, print the answer, and stop");

    std::string checked;
    CLI::App* check = app.add_subcommand("check", "Read a whole SQLite database and say what is wrong with it");
    check->add_option("PATH", checked, "The data directory, or the file")->required();

    CLI11_PARSE(app, argc, argv);
    if (check->parsed()) return a2akit::cli::run_check(checked);
    if (once_option->count() > 0) demo.once = once;
    return a2akit::cli::run_demo(demo);
}
