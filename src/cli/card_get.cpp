#include "cli/commands.hpp"

#include "cli/card.hpp"
#include "cli/failure.hpp"
#include "cli/render.hpp"
#include "json/codec.hpp"

#include <a2akit/protocol/json.hpp>

#include <CLI/CLI.hpp>

#include <memory>

namespace a2akit::cli {
namespace {

struct CardFlags {
    bool validate = false;
};

int run_card_get(const Session& session, const CardFlags& flags) {
    const ResolvedCard resolved = resolve_card(session.options(), session.console());
    Console& console = session.console();
    if (flags.validate) {
        const std::vector<std::string> faults = faults_of_card(resolved.json);
        if (!faults.empty()) {
            std::string message = resolved.location + " breaks the schema of A2A 1.0";
            for (const std::string& fault : faults) message += "; " + fault;
            throw Failure(LocalError::kCardInvalid, message);
        }
    }
    if (console.is_json()) {
        // As the agent published it, on one line.
        const auto json = parse_raw_json(resolved.json);
        console.json_line(json ? json->text() : json::encode(resolved.card));
        return kExitSuccess;
    }
    render_card(console, resolved.card);
    if (flags.validate) console.field("Validation", "the card follows the schema of A2A 1.0");
    return kExitSuccess;
}

}  // namespace

void add_card_get(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<CardFlags>();
    command.add_flag("--validate", flags->validate, "Check the card against the schema of A2A");
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command,
                      [flags](const Session& session) { return run_card_get(session, *flags); });
}

}  // namespace a2akit::cli
