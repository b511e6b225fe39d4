#include "cli/commands.hpp"

#include "cli/port.hpp"
#include "cli/practice_worker.hpp"

#include <a2akit/server/server.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

namespace a2akit::cli {
namespace {

struct Flags {
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
};

int run_demo_server(const Flags& flags, Console& console) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("a2akit"));
    spdlog::set_level(spdlog::level::warn);
    ServerOptions options;
    options.worker = std::make_shared<PracticeWorker>();
    options.card.name = "a2akit practice agent";
    options.card.description = "Shows every state and kind of part of A2A; says back the rest.";
    options.card.version = A2AKIT_VERSION;
    options.card.input_modes = {"*/*"};
    options.card.output_modes = {"text/plain", "application/json", "text/csv", "image/png"};
    options.settings.host = flags.host;
    options.settings.port = flags.port;
    options.on_listening = [&console](const std::string& url) {
        console.text("Listening: " + url + "\n");
        console.hint("Try", "a2akit send --agent-card " + url + " \"Hello\"");
        console.progress("The first word of a message chooses what the agent does:");
        console.progress(
            "wait N, count N, ask, login, fail TEXT, reject, reply TEXT, parts, "
            "describe, metadata");
    };
    Server server(std::move(options));
    return server.run();
}

}  // namespace

void add_demo_server(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<Flags>();
    add_address_options(command, flags->host, flags->port);
    command.footer("The first word of a message chooses what the agent does:\n" +
                   std::string(PracticeWorker::manual()) +
                   "\nExamples:\n"
                   "  a2akit demo-server --port 8000\n"
                   "  a2akit send -a localhost:8000 \"ask\"\n");
    program.on_chosen_alone(
        command, [flags, &program] { return run_demo_server(*flags, program.console()); });
}

}  // namespace a2akit::cli
