#include "cli/check.hpp"
#include "cli/demo.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace {

constexpr int kWrongUsage = 2;  // as a shell's own commands answer

/// Explains what is wrong with it, in the words that A2AKIT_PORT gets; empty: it is valid.
std::string refuse_port(const std::string& text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, port);
    if (read.ec == std::errc() && read.ptr == end) return {};
    return '"' + text + "\" is not allowed; use a whole number from 0 to 65535";
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Agents that speak A2A, and what one needs around them."};
    app.set_version_flag("--version", "a2akit " A2AKIT_VERSION);
    app.require_subcommand(1);

    a2akit::cli::DemoOptions demo;
    std::string once;
    CLI::App* command =
        app.add_subcommand("demo", "Start an agent that says back what it is told, and talk to it");
    command->add_option("--host", demo.host,
                        "Address to listen on; else A2AKIT_HOST, else 127.0.0.1");
    command
        ->add_option("--port", demo.port,
                     "Port to listen on, 0 for any free one; else A2AKIT_PORT, else 8000")
        ->check(CLI::Validator(refuse_port, "", "port"));
    const auto* once_option =
        command->add_option("--once", once, "Send TEXT, print the answer, and stop");

    std::string checked;
    CLI::App* check =
        app.add_subcommand("check", "Read a whole SQLite database and say what is wrong with it");
    check->add_option("PATH", checked, "The data directory, or the file")->required();
    bool set_aside = false;
    check->add_flag(
        "--set-aside", set_aside,
        "Move each damaged task into a new database beside the file, PATH.set-aside-1, so that the "
        "rest is sound; the agent has to be stopped");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kWrongUsage;
    }
    if (check->parsed()) return a2akit::cli::run_check(checked, set_aside);
    if (once_option->count() > 0) demo.once = once;
    return a2akit::cli::run_demo(demo);
}
