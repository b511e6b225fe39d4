#include "cli/demo.hpp"

#include "cli/commands.hpp"
#include "cli/demo_worker.hpp"
#include "cli/port.hpp"

#include <a2akit/client/client.hpp>
#include <a2akit/server/server.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <memory>

namespace a2akit::cli {
namespace {

constexpr const char* kGreeting =
    "Hello! This answer came back word by word, over the A2A protocol.";

ServerOptions server_options(const DemoOptions& options) {
    ServerOptions server;
    server.worker = std::make_shared<DemoWorker>();
    server.card.name = "a2akit demo";
    server.card.description = "Says back what it is told, word by word.";
    server.card.version = A2AKIT_VERSION;
    server.card.push_notifications = true;
    server.settings.host = options.host;
    server.settings.port = options.port;
    return server;
}

/// Prints the answer to `text` while it arrives. False when the agent did not complete it.
bool ask(const std::string& url, const std::string& text) {
    Client client = Client::connect(url);
    TaskState state = TaskState::kUnspecified;
    for (const StreamEvent& event : client.stream(text)) {
        std::cout << event.text() << std::flush;
        if (event.state() != TaskState::kUnspecified) state = event.state();
    }
    std::cout << std::endl;
    return state == TaskState::kCompleted;
}

void print_invitation(const std::string& url) {
    std::cerr
        << "\nThe agent serves at " << url << " until Ctrl-C. Talk to it from another terminal:\n\n"
        << "  curl -s " << url << "/message:send -H 'Content-Type: application/json' \\\n"
        << R"(    -d '{"message":{"messageId":"1","role":"ROLE_USER","parts":[{"text":"Hello"}]}}')"
        << "\n\n";
}

}  // namespace

int run_demo(const DemoOptions& options) {
    // Blocked before any thread starts, so that every thread inherits it and `sigwait` below is the
    // one to hear.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);

    // stdout is the agent's alone, and what its reader needs to know the demo says itself.
    spdlog::set_default_logger(spdlog::stderr_logger_mt("a2akit"));
    spdlog::set_level(spdlog::level::warn);
    Server server(server_options(options));
    if (auto started = server.start(); !started) {
        std::cerr << "a2akit: " << started.error().message << "\n";
        return 1;
    }
    const std::string text = options.once.value_or(kGreeting);
    std::cerr << "The demo agent listens at " << server.url() << " and is told: " << text << "\n";
    bool answered = false;
    try {
        answered = ask(server.url(), text);
        if (!answered) std::cerr << "a2akit: the agent did not complete the task\n";
    } catch (const Exception& exception) {
        std::cerr << "a2akit: " << exception.what() << "\n";
    }
    if (!options.once && answered) {
        print_invitation(server.url());
        int signal = 0;
        sigwait(&signals, &signal);
    }
    server.stop();
    return answered ? 0 : 1;
}

void add_demo(CLI::App& command, Program& program) {
    const auto options = std::make_shared<DemoOptions>();
    add_address_options(command, options->host, options->port);
    command.add_option("--once", options->once, "Send TEXT, print the answer, and stop");
    program.on_chosen_alone(command, [options] { return run_demo(*options); });
}

}  // namespace a2akit::cli
