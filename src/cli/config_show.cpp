#include "cli/commands.hpp"

#include <a2akit/json/json.hpp>

#include <CLI/CLI.hpp>

namespace a2akit::cli {
namespace {

std::string shown_value(const ResolvedValue& value) {
    if (value.values.empty()) return {};
    if (value.setting->is_secret) return "***";
    std::string text;
    for (const std::string& one : value.values) text += (text.empty() ? "" : ", ") + one;
    return text;
}

int run_config_show(const Session& session) {
    Console& console = session.console();
    Json document = Json::object();
    for (const ResolvedValue& value : session.configuration().values) {
        const std::string text = shown_value(value);
        if (console.is_json()) {
            document.set(value.setting->flag,
                         Json::object({{"value", value.values.empty() ? Json() : Json(text)},
                                       {"source", value.source}}));
        } else {
            console.field(value.setting->flag,
                          (text.empty() ? "" : text + " ") + "(" + value.source + ")");
        }
    }
    if (console.is_json()) console.json_line(document.text());
    return kExitSuccess;
}

}  // namespace

void add_config_show(CLI::App& command, Program& program) {
    program.add_agent_settings(command);
    program.add_settings(command,
                         {"async", "wait", "poll-interval", "context-id", "task-id", "metadata"});
    program.on_chosen(command, &run_config_show);
}

}  // namespace a2akit::cli
