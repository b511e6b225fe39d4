#include "serve/agent_config.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "serve/echo_worker.hpp"

#include <a2akit/client/client.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace a2akit::serve {
namespace {

using Values = std::vector<std::string>;
using Kind = AgentKey::Kind;

Error refused(std::string description) {
    return {ErrorCode::kInvalidParams, std::move(description), nullptr};
}

std::string not_allowed(const std::string& value, const std::string& allowed) {
    return "\"" + value + "\" is not allowed; use " + allowed;
}

template <class Member>
AgentKey text(std::string_view key, std::string_view help, Member member) {
    return {key, Kind::kText, help, [member](AgentConfig& agent, const Values& values) {
                std::invoke(member, agent) = values.at(0);
                return Result<void>();
            }};
}

template <class Member>
AgentKey texts(std::string_view key, std::string_view help, Member member) {
    return {key, Kind::kTexts, help, [member](AgentConfig& agent, const Values& values) {
                std::invoke(member, agent) = values;
                return Result<void>();
            }};
}

template <class Member>
AgentKey flag(std::string_view key, std::string_view help, Member member) {
    return {key, Kind::kFlag, help,
            [member](AgentConfig& agent, const Values& values) -> Result<void> {
                if (values.at(0) != "true" && values.at(0) != "false")
                    return refused(not_allowed(values[0], "true or false"));
                std::invoke(member, agent) = values[0] == "true";
                return {};
            }};
}

template <class Number>
Result<Number> number(const std::string& text, Number least, Number most,
                      const std::string& allowed) {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc() || read.ptr != end || !(value >= least && value <= most))
        return refused(not_allowed(text, allowed));
    return value;
}

template <class Set>
AgentKey seconds(std::string_view key, std::string_view help, double least, Set set) {
    return {key, Kind::kText, help,
            [least, set](AgentConfig& agent, const Values& values) -> Result<void> {
                constexpr double kYear = 31'536'000;
                const Result<double> span =
                    number(values.at(0), least, kYear, "a number of seconds, a year at most");
                if (!span) return fail(span.error());
                set(agent, std::chrono::milliseconds(std::llround(*span * 1000)));
                return {};
            }};
}

template <class Set>
AgentKey bytes(std::string_view key, std::string_view help, Set set) {
    return {key, Kind::kText, help,
            [set](AgentConfig& agent, const Values& values) -> Result<void> {
                constexpr std::uint64_t kMost = std::uint64_t{1} << 50;
                const Result<std::uint64_t> size =
                    number<std::uint64_t>(values.at(0), 1, kMost, "a number of bytes");
                if (!size) return fail(size.error());
                set(agent, *size);
                return {};
            }};
}

Result<void> read_directory(AgentConfig& agent, const Values& values) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(values.at(0), ignored))
        return refused(not_allowed(values[0], "a directory that exists"));
    agent.command.directory = values[0];
    return {};
}

Result<void> read_protocol(AgentConfig& agent, const Values& values) {
    if (values.at(0) != "text" && values[0] != "jsonl")
        return refused(not_allowed(values[0], "text or jsonl"));
    agent.command.protocol =
        values[0] == "jsonl" ? ExecOptions::Protocol::kJsonLines : ExecOptions::Protocol::kText;
    return {};
}

bool is_http(const std::string& url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

/// Empty when the variable is not set.
Result<std::string> key_in(const char* variable) {
    const char* value = std::getenv(variable);
    std::string key = value != nullptr ? value : "";
    const auto visible = [](char c) { return c > ' ' && c < 127; };
    if (!std::all_of(key.begin(), key.end(), visible))
        return Error::invalid_field(variable, "has characters that no key has");
    return key;
}

std::vector<AgentKey> command_keys() {
    return {
        text("exec",
             "Run this command for each message: the text on its stdin, its stdout as the answer, "
             "its exit status decides",
             &AgentConfig::exec),
        text("openai",
             "Let a model behind this OpenAI-compatible server answer, such as "
             "https://api.openai.com/v1; its key is in the variable OPENAI_API_KEY",
             [](AgentConfig& agent) -> auto& { return agent.openai.url; }),
        text("proxy",
             "Pass messages on to this other agent, given by its URL or that of its card; the "
             "token for it is in the variable A2A_PROXY_TOKEN",
             [](AgentConfig& agent) -> auto& { return agent.proxy.url; }),
        flag("echo", "Answer with the text that was sent", &AgentConfig::echo),
        {"protocol", Kind::kText,
         "How the command is talked to: text (the default), or jsonl for JSON lines both ways",
         read_protocol},
        flag("shell", "Let /bin/sh interpret the command", &AgentConfig::shell),
        texts("env",
              "A variable that the command gets besides PATH, HOME, USER, LOGNAME, SHELL, TMPDIR, "
              "TZ, LANG and LC_*: NAME passes it on, NAME=VALUE sets it",
              [](AgentConfig& agent) -> auto& { return agent.command.environment; }),
        {"directory", Kind::kText, "Where the command runs; else where the server does",
         read_directory},
        seconds("timeout", "Seconds that one run of the command may take; 3600 by default", 0.001,
                [](AgentConfig& agent, Duration span) { agent.command.limits.time = span; }),
        seconds("kill_after",
                "Seconds between SIGTERM and SIGKILL when a task is cancelled; 5 by default", 0,
                [](AgentConfig& agent, Duration span) { agent.command.limits.grace = span; }),
        bytes("max_output", "Bytes that one run may write to stdout; 10 MiB by default",
              [](AgentConfig& agent, std::uint64_t size) {
                  agent.command.limits.output_bytes = size;
              }),
        bytes("memory",
              "Bytes of address space that each process of the command may have; no limit by "
              "default",
              [](AgentConfig& agent, std::uint64_t size) { agent.command.memory_bytes = size; }),
    };
}

std::vector<AgentKey> model_keys() {
    return {
        text("model", "The model that answers",
             [](AgentConfig& agent) -> auto& { return agent.openai.model; }),
        text("system", "What the model is told before each conversation",
             [](AgentConfig& agent) -> auto& { return agent.openai.system; }),
        seconds("model_timeout", "Seconds that the model's server may keep silent; 120 by default",
                0.001, [](AgentConfig& agent, Duration span) { agent.openai.idle_timeout = span; }),
        bytes("max_history", "Bytes of the conversation that the model is told; 256 KiB by default",
              [](AgentConfig& agent, std::uint64_t size) { agent.openai.history_bytes = size; }),
    };
}

std::vector<AgentKey> card_keys() {
    return {
        text("name", "The agent's name in its card", &AgentConfig::name),
        text("description", "What the agent does, in its card", &AgentConfig::description),
        texts("input_mode", "A media type that the agent accepts; text/plain by default",
              &AgentConfig::input_modes),
        texts("output_mode", "A media type that the agent produces; text/plain by default",
              &AgentConfig::output_modes),
    };
}

/// The program of a command, for the card: the rest of it may hold what is nobody else's business.
std::string program_of(const std::string& command) {
    const std::string path = command.substr(0, command.find_first_of(" \t\n"));
    const std::string program = path.substr(path.rfind('/') + 1);
    const bool is_plain =
        !program.empty() && std::all_of(program.begin(), program.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-' || c == '+';
        });
    return is_plain ? program : "command";
}

}  // namespace

const std::vector<AgentKey>& agent_keys() {
    static const std::vector<AgentKey> kAll = [] {
        std::vector<AgentKey> all = command_keys();
        for (std::vector<AgentKey>& more : std::array{model_keys(), card_keys()}) {
            for (AgentKey& key : more) all.push_back(std::move(key));
        }
        return all;
    }();
    return kAll;
}

Result<std::shared_ptr<Worker>> AgentConfig::worker() const {
    const int answering = (exec.empty() ? 0 : 1) + (openai.url.empty() ? 0 : 1) +
                          (proxy.url.empty() ? 0 : 1) + (echo ? 1 : 0);
    if (answering == 0) {
        return refused(
            "nothing says what answers; give --exec CMD, --openai URL, --proxy URL or --echo, or "
            "one of these keys in the file of --config");
    }
    if (answering > 1) return refused("only one of exec, openai, proxy and echo can answer");
    if (echo) return std::shared_ptr<Worker>(std::make_shared<EchoWorker>());
    if (!proxy.url.empty()) return proxy_worker();
    return openai.url.empty() ? exec_worker() : openai_worker();
}

Result<std::shared_ptr<Worker>> AgentConfig::proxy_worker() const {
    if (!is_http(proxy.url))
        return Error::invalid_field("proxy", "must be a URL that begins with http:// or https://");
    ProxyOptions options = proxy;
    Result<std::string> token = key_in("A2A_PROXY_TOKEN");
    if (!token) return fail(std::move(token.error()));
    options.token = std::move(*token);
    return std::shared_ptr<Worker>(std::make_shared<ProxyWorker>(std::move(options)));
}

Result<std::shared_ptr<Worker>> AgentConfig::openai_worker() const {
    if (!is_http(openai.url))
        return Error::invalid_field("openai", "must be a URL that begins with http:// or https://");
    if (openai.model.empty())
        return Error::invalid_field(
            "model", "is missing; name the model of the server, as in --model gpt-5-mini");
    OpenAiOptions options = openai;
    Result<std::string> key = key_in("OPENAI_API_KEY");
    if (!key) return fail(std::move(key.error()));
    options.api_key = std::move(*key);
    return std::shared_ptr<Worker>(std::make_shared<OpenAiWorker>(std::move(options)));
}

Result<std::shared_ptr<Worker>> AgentConfig::exec_worker() const {
    ExecOptions options = command;
    if (shell) {
        options.argv = {"/bin/sh", "-c", exec};
        return std::shared_ptr<Worker>(std::make_shared<ExecWorker>(std::move(options)));
    }
    Result<std::vector<std::string>> words = split_command(exec);
    if (!words) return fail(std::move(words.error()));
    options.argv = std::move(*words);
    const std::string& program = options.argv[0];
    const bool is_relative = program.find('/') != std::string::npos && program.front() != '/';
    const std::string file =
        is_relative && !options.directory.empty() ? options.directory + "/" + program : program;
    if (find_program(file).empty()) {
        return Error::invalid_field("exec",
                                    "there is no program \"" + program + "\" that can be run");
    }
    return std::shared_ptr<Worker>(std::make_shared<ExecWorker>(std::move(options)));
}

void AgentConfig::copy_card(CardConfig& card) const {
    card.name = "proxy";
    card.description = "Passes messages on to another agent.";
    card.input_modes = {"text/plain", "*/*"};
    try {
        ClientOptions options;
        options.bearer_token = key_in("A2A_PROXY_TOKEN").value_or("");
        options.connect_timeout = options.call_timeout = std::chrono::seconds(5);
        options.retry.attempts = 1;
        const Client client = Client::connect(proxy.url, std::move(options));
        const AgentCard& other = client.card();
        card.name = other.name;
        card.description = other.description;
        card.version = other.version;
        card.skills = other.skills;
        for (AgentSkill& skill : card.skills) skill.security_requirements.clear();
        if (!other.default_input_modes.empty()) card.input_modes = other.default_input_modes;
        card.output_modes = other.default_output_modes;
    } catch (const Exception& e) {
        log::warn("the card of the other agent cannot be read error={}", quoted(e.what()));
    }
}

CardConfig AgentConfig::card() const {
    CardConfig card;
    if (echo) {
        card.name = "echo";
        card.description = "Answers with the text that it was sent.";
    } else if (!openai.url.empty()) {
        card.name = openai.model;
        card.description = "Answers with the model " + openai.model + ".";
    } else if (!proxy.url.empty()) {
        copy_card(card);
    } else {
        card.name = program_of(exec);
        card.description = "Answers with what a command prints: " + card.name + ".";
    }
    if (!name.empty()) card.name = name;
    if (!description.empty()) card.description = description;
    if (card.version.empty()) card.version = "1";
    if (!input_modes.empty()) card.input_modes = input_modes;
    if (!output_modes.empty()) card.output_modes = output_modes;
    // A command that is told more than text is shown every part of a message.
    if (input_modes.empty() && command.protocol == ExecOptions::Protocol::kJsonLines)
        card.input_modes = {"text/plain", "*/*"};
    return card;
}

}  // namespace a2akit::serve
