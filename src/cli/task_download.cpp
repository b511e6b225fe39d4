#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/http.hpp"
#include "cli/render.hpp"
#include "cli/safe_file.hpp"
#include "cli/task_argument.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>

namespace a2akit::cli {
namespace {

struct DownloadFlags {
    std::string directory = ".";
    std::string artifact;
    bool fetch = false;
};

/// The name to save a part under: its own, else one made from its artifact.
std::string name_of(const Artifact& artifact, const Part& part, std::size_t index) {
    if (!part.filename.empty()) return part.filename;
    std::string name = artifact.name.empty() ? artifact.artifact_id : artifact.name;
    if (artifact.parts.size() > 1) name += "-" + std::to_string(index + 1);
    if (part.text() != nullptr) return name + ".txt";
    if (part.data() != nullptr) return name + ".json";
    return name + ".bin";
}

/// The content to save; nothing for a file that is elsewhere and is not to be fetched.
std::optional<std::string> content_of(const Part& part, const Session& session, bool fetch) {
    if (const std::string* text = part.text()) return *text;
    if (const RawJson* data = part.data()) return data->text() + "\n";
    if (const auto* raw = std::get_if<RawContent>(&part.content)) return raw->bytes;
    const auto* url = std::get_if<UrlContent>(&part.content);
    if (url == nullptr || !fetch) return std::nullopt;
    // Without credentials: the agent chose the address.
    client::HttpAnswer answer = http_call(
        {.method = "GET", .url = url->url, .max_redirects = 5, .without_certificate = true},
        session.options(), session.console());
    const int status = answer.head.status;
    if (status != 200) {
        throw Failure(LocalError::kUnreachable,
                      url->url + " answered with HTTP status " + std::to_string(status));
    }
    return std::move(answer.body);
}

/// Pieces of a streamed text are one file, not one file per piece.
bool is_text_only(const Artifact& artifact) {
    for (const Part& part : artifact.parts) {
        if (part.text() == nullptr || !part.filename.empty()) return false;
    }
    return !artifact.parts.empty();
}

void report(const Session& session, const std::string& label, const std::string& value) {
    if (session.console().is_json()) {
        session.console().hint(label, value);
    } else {
        session.console().field(label, value);
    }
}

void save_artifact(const Artifact& artifact, const Session& session, const DownloadFlags& flags) {
    if (is_text_only(artifact)) {
        const std::string name =
            (artifact.name.empty() ? artifact.artifact_id : artifact.name) + ".txt";
        report(session, "Saved", save_new_file(flags.directory, name, artifact.text()));
        return;
    }
    for (std::size_t i = 0; i < artifact.parts.size(); ++i) {
        const Part& part = artifact.parts[i];
        if (const auto content = content_of(part, session, flags.fetch)) {
            report(session, "Saved",
                   save_new_file(flags.directory, name_of(artifact, part, i), *content));
        } else if (const auto* url = std::get_if<UrlContent>(&part.content)) {
            report(session, "Not Fetched", url->url);
        }
    }
}

int run_download(const Session& session, const TaskArgument& argument, const DownloadFlags& flags) {
    const std::string id = argument.id(session);
    Agent agent(session);
    const Task task = agent.get_task(id);
    if (session.console().is_json()) {
        session.console().json_line(json::encode(task));
    } else {
        render_standing(session.console(), task.id, task.context_id, task.status.state);
    }
    bool found = false;
    for (const Shared<Artifact>& artifact : task.artifacts) {
        if (!flags.artifact.empty() && artifact->artifact_id != flags.artifact) continue;
        found = true;
        save_artifact(*artifact, session, flags);
    }
    if (!found && !flags.artifact.empty())
        throw usage("the task has no artifact \"" + flags.artifact + '"', "task download");
    return kExitSuccess;
}

}  // namespace

void add_task_download(CLI::App& command, Program& program) {
    const auto argument = TaskArgument::add(command, program, "task download");
    const auto flags = std::make_shared<DownloadFlags>();
    command.add_option("--dir", flags->directory, "Where to save the files [default .]")
        ->option_text("DIR");
    command.add_option("--artifact", flags->artifact, "Only this artifact")->option_text("ID");
    command.add_flag("--fetch", flags->fetch,
                     "Fetch files that the agent names by URL; without credentials");
    program.add_agent_settings(command);
    program.on_chosen(command, [argument, flags](const Session& session) {
        return run_download(session, *argument, *flags);
    });
}

}  // namespace a2akit::cli
