#include "cli/settings.hpp"

#include "cli/dotenv.hpp"
#include "cli/failure.hpp"
#include "cli/transport_plugin.hpp"

#include <a2akit/protocol/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace a2akit::cli {
namespace {

bool read_switch(const std::string& value) {
    if (value == "true" || value == "1" || value == "yes" || value == "on") return true;
    if (value == "false" || value == "0" || value == "no" || value == "off") return false;
    throw std::invalid_argument("use true or false");
}

Duration read_duration(const std::string& value) {
    if (const auto duration = parse_duration(value)) return *duration;
    throw std::invalid_argument("use a number and a unit, such as 500ms, 2s or 5m");
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

/// The card's spelling of a binding.
std::string read_binding(const std::string& value) {
    const std::string name = lower(value);
    if (name == "jsonrpc" || name == "json-rpc") return "JSONRPC";
    if (name == "rest" || name == "http+json" || name == "http-json") return "HTTP+JSON";
    if (name == "grpc") return "GRPC";
    if (name.find(':') != std::string::npos) return value;  // the URI of a binding of its own
    if (enabled_transport(value)) return value;
    throw std::invalid_argument(
        "use jsonrpc, rest, grpc, the URI of another binding or an enabled transport plugin");
}

std::pair<std::string, std::string> read_parameter(const std::string& value) {
    const std::size_t colon = value.find(':');
    if (colon == 0 || colon == std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos || value.find_first_of(" \t") < colon) {
        throw std::invalid_argument("use NAME:VALUE, such as x-trace-id:abc123");
    }
    std::string text = value.substr(colon + 1);
    text.erase(0, text.find_first_not_of(' '));
    return {value.substr(0, colon), text};
}

std::string read_metadata(const std::string& value) {
    const auto json = parse_raw_json(value);
    if (!json || !json->text().starts_with('{'))
        throw std::invalid_argument("use a JSON object, such as '{\"key\": \"value\"}'");
    return json->text();
}

std::string read_credential(const std::string& value) {
    if (value.find_first_of("\r\n") != std::string::npos)
        throw std::invalid_argument("use one line of text");
    return value;
}

std::string read_version(const std::string& value) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.size() == 3 && digit(value[0]) && value[1] == '.' && digit(value[2])) return value;
    throw std::invalid_argument("use a version such as 1.0");
}

OutputFormat read_format(const std::string& value) {
    if (value == "text") return OutputFormat::kText;
    if (value == "json") return OutputFormat::kJson;
    throw std::invalid_argument("use text or json");
}

const std::array kSettings{
    Setting{.flag = "agent-card",
            .short_flags = "-a,",
            .value = "REF",
            .help = "The agent: a host or origin, the URL of its card, or a card's file",
            .apply = [](Options& o, const std::string& v) { o.agent_card = v; }},
    Setting{.flag = "a2a-version",
            .value = "VERSION",
            .help = "Protocol version to use; unset: the highest that both sides speak, never "
                    "below 1.0",
            .apply = [](Options& o, const std::string& v) { o.a2a_version = read_version(v); }},
    Setting{
        .flag = "transport",
        .value = "BINDING",
        .help = "jsonrpc, rest or grpc, the preferred one first; unset: the card's order",
        .is_repeatable = true,
        .apply = [](Options& o, const std::string& v) { o.transports.push_back(read_binding(v)); }},
    Setting{.flag = "output",
            .short_flags = "-o,",
            .value = "FORMAT",
            .standard = "text",
            .help = "text or json",
            .apply = [](Options& o, const std::string& v) { o.output = read_format(v); }},
    Setting{.flag = "verbose",
            .standard = "false",
            .help = "Show all that was exchanged with the agent, not only the result",
            .apply = [](Options& o, const std::string& v) { o.verbose = read_switch(v); }},
    Setting{.flag = "debug",
            .standard = "false",
            .help = "Log to stderr what the tool does, with the raw messages; credentials are "
                    "masked",
            .apply = [](Options& o, const std::string& v) { o.debug = read_switch(v); }},
    Setting{.flag = "async",
            .standard = "false",
            .help = "Do not wait for the task; print its identifiers",
            .apply = [](Options& o, const std::string& v) { o.wait = !read_switch(v); }},
    Setting{.flag = "wait",
            .standard = "true",
            .help = "Wait until the task ends or needs you",
            .apply = [](Options& o, const std::string& v) { o.wait = read_switch(v); }},
    Setting{.flag = "poll-interval",
            .value = "DURATION",
            .standard = "2s",
            .help = "How often to ask for the task's state while waiting",
            .apply =
                [](Options& o, const std::string& v) {
                    o.poll_interval = read_duration(v);
                    if (o.poll_interval <= Duration::zero())
                        throw std::invalid_argument("use a duration above zero");
                }},
    Setting{.flag = "timeout",
            .value = "DURATION",
            .standard = "0",
            .help = "How long to wait in all; 0: without a limit",
            .apply = [](Options& o, const std::string& v) { o.timeout = read_duration(v); }},
    Setting{.flag = "context-id",
            .value = "ID",
            .help = "Group the message with the tasks of this context",
            .apply = [](Options& o, const std::string& v) { o.context_id = v; }},
    Setting{.flag = "task-id",
            .value = "ID",
            .help = "Continue this task",
            .apply = [](Options& o, const std::string& v) { o.task_id = v; }},
    Setting{.flag = "metadata",
            .value = "JSON",
            .help = "A JSON object to send as the request's metadata",
            .apply = [](Options& o, const std::string& v) { o.metadata = read_metadata(v); }},
    Setting{
        .flag = "svc-param",
        .value = "NAME:VALUE",
        .help = "A service parameter: an HTTP header, or gRPC metadata",
        .is_repeatable = true,
        .apply = [](Options& o,
                    const std::string& v) { o.service_parameters.push_back(read_parameter(v)); }},
    Setting{.flag = "extension",
            .value = "URI",
            .help = "A protocol extension to activate (A2A-Extensions)",
            .is_repeatable = true,
            .apply = [](Options& o,
                        const std::string& v) { o.extensions.push_back(read_credential(v)); }},
    Setting{.flag = "bearer",
            .value = "TOKEN",
            .help = "Bearer token to send",
            .is_secret = true,
            .apply = [](Options& o, const std::string& v) { o.bearer = read_credential(v); }},
    Setting{.flag = "api-key",
            .value = "KEY",
            .help = "API key to send, where the card's security scheme wants it",
            .is_secret = true,
            .apply = [](Options& o, const std::string& v) { o.api_key = read_credential(v); }},
    Setting{.flag = "credential-origin",
            .value = "ORIGIN",
            .help = "A further origin that the credentials may be sent to, such as "
                    "https://api.example",
            .is_repeatable = true,
            .apply = [](Options& o, const std::string& v) { o.credential_origins.push_back(v); }},
    Setting{.flag = "insecure",
            .standard = "false",
            .help = "Do not verify TLS certificates (development only; a warning is printed)",
            .apply = [](Options& o, const std::string& v) { o.insecure = read_switch(v); }},
    Setting{.flag = "ca-file",
            .value = "FILE",
            .help = "PEM file of the certificate authorities to trust; unset: the system's",
            .apply = [](Options& o, const std::string& v) { o.ca_file = v; }},
    Setting{.flag = "client-cert",
            .value = "FILE",
            .help = "PEM file of the certificate to show to the agent (mutual TLS)",
            .apply = [](Options& o, const std::string& v) { o.client_certificate = v; }},
    Setting{.flag = "client-key",
            .value = "FILE",
            .help = "PEM file of the private key of --client-cert",
            .apply = [](Options& o, const std::string& v) { o.client_key = v; }},
};

/// Values of one line of the environment or of a file.
std::vector<std::string> split(const Setting& setting, const std::string& value) {
    if (!setting.is_repeatable) return {value};
    // The values of service parameters contain commas.
    const char separator = setting.flag == "svc-param" ? '\n' : ',';
    std::vector<std::string> values;
    std::size_t from = 0;
    while (from <= value.size()) {
        const std::size_t to = std::min(value.find(separator, from), value.size());
        if (to > from) values.push_back(value.substr(from, to - from));
        from = to + 1;
    }
    return values;
}

struct Source {
    std::string name;
    DotEnv variables;
};

ResolvedValue find(const Setting& setting, const FlagValues& flags,
                   const std::vector<Source>& files) {
    if (const auto given = flags.find(setting.flag); given != flags.end())
        return {&setting, given->second, "flag"};
    const std::string variable = setting.variable();
    if (const char* value = std::getenv(variable.c_str()); value != nullptr && *value != '\0')
        return {&setting, split(setting, value), "environment"};
    for (const Source& file : files) {
        if (const auto found = file.variables.find(variable); found != file.variables.end())
            return {&setting, split(setting, found->second), "file " + file.name};
    }
    if (!setting.standard.empty()) return {&setting, {std::string(setting.standard)}, "default"};
    return {&setting, {}, "not set"};
}

void apply(const ResolvedValue& resolved, Options& options) {
    for (const std::string& value : resolved.values) {
        try {
            resolved.setting->apply(options, value);
        } catch (const std::invalid_argument& fault) {
            const std::string name =
                resolved.source == "flag"
                    ? "--" + std::string(resolved.setting->flag)
                    : resolved.setting->variable() + " (" + resolved.source + ")";
            const std::string shown = resolved.setting->is_secret ? "the value" : '"' + value + '"';
            throw usage(name + ": " + shown + " is not allowed; " + fault.what());
        }
    }
}

}  // namespace

std::string Setting::variable() const {
    std::string name = "A2ACLI_";
    for (const char c : flag)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

std::span<const Setting> settings() noexcept { return kSettings; }

const Setting& setting(std::string_view flag) {
    const auto found = std::find_if(kSettings.begin(), kSettings.end(),
                                    [&](const Setting& one) { return one.flag == flag; });
    if (found == kSettings.end()) throw std::logic_error("no setting " + std::string(flag));
    return *found;
}

std::string configuration_directory() {
    if (const char* base = std::getenv("XDG_CONFIG_HOME"); base != nullptr && *base == '/')
        return (std::filesystem::path(base) / "a2a-cli").string();
    const char* home = std::getenv("HOME");
    return (std::filesystem::path(home != nullptr ? home : "/") / ".config" / "a2a-cli").string();
}

Configuration resolve(const FlagValues& flags) {
    Configuration configuration;
    std::vector<Source> files;
    const auto add = [&](const std::string& path, bool is_required) {
        DotEnvFile file = read_dotenv(path, is_required);
        std::move(file.warnings.begin(), file.warnings.end(),
                  std::back_inserter(configuration.warnings));
        files.push_back({path, std::move(file.variables)});
    };
    const auto chosen = flags.find("config");
    const char* by_environment = std::getenv("A2ACLI_CONFIG");
    if (chosen != flags.end()) {
        add(chosen->second.back(), true);
    } else if (by_environment != nullptr && *by_environment != '\0') {
        add(by_environment, true);
    } else if (const std::string local = find_local_dotenv(); !local.empty()) {
        add(local, false);
    }
    add((std::filesystem::path(configuration_directory()) / ".env").string(), false);

    for (const Setting& one : kSettings) configuration.values.push_back(find(one, flags, files));
    Options& options = configuration.options;
    const auto rank = [&](std::string_view flag) {
        const auto& value =
            configuration.values[static_cast<std::size_t>(&setting(flag) - kSettings.data())];
        if (value.source == "flag") return 3;
        if (value.source == "environment") return 2;
        return value.source.starts_with("file") ? 1 : 0;
    };
    // --async and --wait are one setting with two spellings: the stronger source wins.
    if (rank("async") == 3 && rank("wait") == 3)
        throw usage("--async and --wait contradict each other; give one of them");
    const bool wait_wins = rank("wait") >= rank("async") && rank("wait") > 0;
    for (const ResolvedValue& value : configuration.values) {
        if (value.setting->flag == (wait_wins ? "async" : "wait")) continue;
        apply(value, options);
    }
    options.poll_interval_is_given = rank("poll-interval") > 0;
    if (options.client_certificate.empty() != options.client_key.empty())
        throw usage("--client-cert and --client-key belong together; give both");
    return configuration;
}

std::optional<Duration> parse_duration(std::string_view text) {
    double number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc() || number < 0) return std::nullopt;
    const std::string_view unit(read.ptr,
                                static_cast<std::size_t>(text.data() + text.size() - read.ptr));
    double seconds = 0;
    if (unit == "ms") {
        seconds = number / 1000;
    } else if (unit == "s" || unit.empty()) {
        seconds = number;
    } else if (unit == "m") {
        seconds = number * 60;
    } else if (unit == "h") {
        seconds = number * 3600;
    } else {
        return std::nullopt;
    }
    if (!(seconds <= 1e7)) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace a2akit::cli
