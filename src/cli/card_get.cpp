#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/card.hpp"
#include "cli/card_signature.hpp"
#include "cli/credentials.hpp"
#include "cli/failure.hpp"
#include "cli/http.hpp"
#include "cli/render.hpp"
#include "json/codec.hpp"

#include <a2akit/protocol/json.hpp>

#include <CLI/CLI.hpp>

#include <memory>

namespace a2akit::cli {
namespace {

struct CardFlags {
    bool validate = false;
    bool extended = false;
    std::string key_file;
};

AgentCard fetch_extended(const Session& session, const ResolvedCard& resolved) {
    if (!resolved.card.capabilities.extended_agent_card.value_or(false)) {
        throw Failure("UnsupportedOperationError", "the card says that there is no extended card",
                      {}, {});
    }
    const std::string origin =
        resolved.origin.empty() ? client::origin_of(resolved.card.supported_interfaces.front().url)
                                : resolved.origin;
    require_declared_credentials(resolved.card, place_credentials(resolved.card, origin, session),
                                 session);
    return Agent(session, resolved).extended_card();
}

int run_card_get(const Session& session, const CardFlags& flags) {
    ResolvedCard resolved = resolve_card(session.options(), session.console());
    Console& console = session.console();
    if (flags.extended) {
        resolved.card = fetch_extended(session, resolved);
        resolved.json = json::encode(resolved.card);
        resolved.location = "the extended card";
    }
    if (flags.validate) {
        const std::vector<std::string> faults = faults_of_card(resolved.json);
        if (!faults.empty()) {
            std::string message = resolved.location + " breaks the schema of A2A 1.0";
            for (const std::string& fault : faults) message += "; " + fault;
            throw Failure(LocalError::kCardInvalid, message);
        }
    }
    const SignatureReport signature =
        check_signatures(resolved.json, resolved.card, flags.key_file);
    if (signature.outcome == SignatureOutcome::kUnverifiable)
        console.warn("the card's signature is " + signature.text());
    if (console.is_json()) {
        console.hint("Signature", signature.text());
        // As the agent published it, on one line.
        const auto json = parse_raw_json(resolved.json);
        console.json_line(json ? json->text() : json::encode(resolved.card));
        return kExitSuccess;
    }
    render_card(console, resolved.card);
    console.field("Signature", signature.text());
    if (flags.validate) console.field("Validation", "the card follows the schema of A2A 1.0");
    return kExitSuccess;
}

}  // namespace

void add_card_get(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<CardFlags>();
    command.add_flag("--validate", flags->validate, "Check the card against the schema of A2A");
    command.add_flag("--extended", flags->extended,
                     "Fetch the card that the agent shows to callers it knows");
    command
        .add_option("--card-key", flags->key_file,
                    "PEM file of public keys or certificates that may sign the card")
        ->option_text("FILE");
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command,
                      [flags](const Session& session) { return run_card_get(session, *flags); });
}

}  // namespace a2akit::cli
