#include "cli/commands.hpp"

#include "cli/failure.hpp"
#include "cli/port.hpp"
#include "cli/recording.hpp"
#include "cli/replay_worker.hpp"
#include "cli/turn.hpp"

#include <a2akit/server/server.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

namespace a2akit::cli {
namespace {

struct ReplayFlags {
    std::string file;
    double speed = 1;
    bool serves = false;
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
};

int print(const std::vector<RecordedEvent>& events, double speed, const Session& session) {
    Duration now = events.front().after;
    for (const RecordedEvent& one : events) {
        std::this_thread::sleep_for(pause_at(speed, one.after - now));
        now = std::max(now, one.after);
        print_event(one.event, session);
    }
    return kExitSuccess;
}

int serve(std::vector<RecordedEvent> events, const ReplayFlags& flags, Console& console) {
    spdlog::set_default_logger(spdlog::stderr_logger_mt("a2akit"));
    spdlog::set_level(spdlog::level::warn);
    ServerOptions options;
    options.worker = std::make_shared<ReplayWorker>(std::move(events), flags.speed);
    options.card.name = "a2akit replay";
    options.card.description = "Answers each message with a recorded stream.";
    options.card.version = A2AKIT_VERSION;
    options.card.input_modes = {"*/*"};
    options.card.output_modes = {"*/*"};
    options.settings.host = flags.host;
    options.settings.port = flags.port;
    options.on_listening = [&console](const std::string& url) {
        console.text("Listening: " + url + "\n");
        console.hint("Try", "a2akit send --agent-card " + url + " --stream \"Hello\"");
    };
    return Server(std::move(options)).run();
}

}  // namespace

void add_replay(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<ReplayFlags>();
    command.add_option("file", flags->file, "A file of a2akit record, or JSON Lines of a stream")
        ->option_text(" ")
        ->required();
    command
        .add_option("--speed", flags->speed, "2 halves each pause, 0 leaves them out [default 1]")
        ->option_text("FACTOR")
        ->check(CLI::Range(0.0, 1e6));
    command.add_flag("--serve", flags->serves,
                     "Serve an agent that answers each message with the stream");
    add_address_options(command, flags->host, flags->port);
    program.add_settings(command, {"output"});
    program.on_chosen(command, [flags](const Session& session) {
        auto events = read_recording(flags->file, "replay");
        if (flags->serves) return serve(std::move(events), *flags, session.console());
        if (flags->host || flags->port) throw usage("--host and --port are for --serve", "replay");
        return print(events, flags->speed, session);
    });
}

}  // namespace a2akit::cli
