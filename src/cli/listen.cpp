#include "cli/commands.hpp"

#include "cli/failure.hpp"
#include "cli/port.hpp"
#include "cli/render.hpp"
#include "cli/turn.hpp"
#include "cli/webhook.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <memory>
#include <string>

namespace a2akit::cli {
namespace {

struct ListenFlags {
    std::optional<std::string> host;
    std::optional<std::uint16_t> port;
    std::size_t count = 0;
};

int run_listen(const Session& session, const ListenFlags& flags) {
    const char* token = std::getenv("A2ACLI_PUSH_TOKEN");
    session.console().mask(token != nullptr ? token : "");
    Webhook webhook(flags.host.value_or("127.0.0.1"), flags.port.value_or(0),
                    token != nullptr ? token : "");
    if (session.console().is_json()) {
        session.console().hint("Listening", webhook.url());
    } else {
        session.console().field("Listening", webhook.url());
    }
    for (std::size_t received = 0; flags.count == 0 || received < flags.count;) {
        const std::string body = webhook.next([&](std::string_view text) {
            const auto event = json::decode<StreamResponse>(text, json::Mode::kLenient);
            return event && event->payload.index() != 0;
        });
        print_event(*json::decode<StreamResponse>(body, json::Mode::kLenient), session);
        ++received;
    }
    return kExitSuccess;
}

}  // namespace

void add_listen(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<ListenFlags>();
    command.add_option("--host", flags->host, "Address to listen on [default 127.0.0.1]");
    command.add_option("--port", flags->port, "Port to listen on [default: any free one]");
    command.add_option("--count", flags->count, "Stop after this many notifications")
        ->option_text("N");
    program.add_settings(command, {"output", "verbose", "debug", "timeout"});
    program.on_chosen(command,
                      [flags](const Session& session) { return run_listen(session, *flags); });
}

}  // namespace a2akit::cli
