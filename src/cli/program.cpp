#include "cli/program.hpp"

#include "cli/failure.hpp"

#include <CLI/CLI.hpp>

#include <utility>

namespace a2akit::cli {
namespace {

std::string help_of(const Setting& setting) {
    std::string help(setting.help);
    if (setting.is_secret) {
        help += "; a flag can be read in the process table and the shell's history, " +
                setting.variable() + " can not";
    }
    help += " [" + setting.variable();
    if (!setting.standard.empty()) help.append("; default ").append(setting.standard);
    return help + "]";
}

void add_setting(CLI::App& command, const Setting& setting, FlagValues& flags) {
    const std::string names = std::string(setting.short_flags) + "--" + std::string(setting.flag);
    const std::string flag(setting.flag);
    if (setting.value.empty()) {
        // "--wait", "--wait=false"; the aliases of the specification name no variable of their own.
        const std::string aliases = flag == "async"  ? ",--return-immediately,--no-wait"
                                    : flag == "wait" ? ",--watch"
                                                     : "";
        command.add_flag_function(
            names + aliases,
            [&flags, flag](std::int64_t count) { flags[flag] = {count > 0 ? "true" : "false"}; },
            help_of(setting));
        return;
    }
    command
        .add_option_function<std::vector<std::string>>(
            names, [&flags, flag](const std::vector<std::string>& values) { flags[flag] = values; },
            help_of(setting))
        ->option_text(std::string(setting.value))
        ->allow_extra_args(false)
        ->multi_option_policy(setting.is_repeatable ? CLI::MultiOptionPolicy::TakeAll
                                                    : CLI::MultiOptionPolicy::TakeLast);
}

}  // namespace

void Program::add_settings(CLI::App& command, std::initializer_list<std::string_view> flags) {
    for (const std::string_view flag : flags) add_setting(command, setting(flag), flags_);
}

void Program::add_agent_settings(CLI::App& command) {
    add_settings(command,
                 {"agent-card", "a2a-version", "transport", "output", "verbose", "debug", "timeout",
                  "svc-param", "extension", "bearer", "api-key", "credential-origin", "insecure",
                  "ca-file", "client-cert", "client-key"});
    command
        .add_option_function<std::string>(
            "--config", [this](const std::string& path) { flags_["config"] = {path}; },
            "Read settings from this .env file in place of the nearest .env [A2ACLI_CONFIG]")
        ->option_text("PATH");
}

void Program::add_stream_flag(CLI::App& command) {
    command.add_flag("--stream", streams_,
                     "Print each event as it arrives; with -o json as JSON Lines");
}

void Program::on_chosen(CLI::App& command, std::function<int(const Session&)> action) {
    on_chosen_alone(command, [this, action = std::move(action)] {
        Configuration configuration = resolve(flags_);
        console_.configure(configuration.options);
        for (const std::string& warning : configuration.warnings) console_.warn(warning);
        if (configuration.options.insecure) {
            console_.warn(
                "--insecure turns the verification of certificates off; use it for "
                "development only");
        }
        const Session session(std::move(configuration), console_);
        const TimeLimit limit(session.options().timeout, console_);
        return action(session);
    });
}

void Program::on_chosen_alone(CLI::App& command, std::function<int()> action) {
    command.callback([this, action = std::move(action)]() mutable { action_ = std::move(action); });
}

int Program::run() { return action_(); }

}  // namespace a2akit::cli
