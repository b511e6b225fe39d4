#include "cli/commands.hpp"

#include "cli/agent.hpp"
#include "cli/render.hpp"
#include "json/codec.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace a2akit::cli {
namespace {

struct ListFlags {
    std::string status;
    std::string page_token;
    std::optional<int> page_size;
    std::optional<int> history;
    bool artifacts = false;
    bool all = false;
};

/// "completed", "input-required" or "TASK_STATE_COMPLETED".
TaskState read_state(const std::string& text) {
    if (text.empty()) return TaskState::kUnspecified;
    std::string name;
    for (const char c : text)
        name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!name.starts_with("TASK_STATE_")) name = "TASK_STATE_" + name;
    for (int number = 1; number <= static_cast<int>(TaskState::kAuthRequired); ++number) {
        const auto state = static_cast<TaskState>(number);
        if (to_string(state) == name) return state;
    }
    throw usage("--status: \"" + text +
                    "\" is not a state; use submitted, working, completed, failed, canceled, "
                    "input-required, rejected or auth-required",
                "task list");
}

void print_page(const ListTasksResponse& page, const Session& session) {
    Console& console = session.console();
    for (const Task& task : page.tasks) {
        render_standing(console, task.id, task.context_id, task.status.state);
        if (console.is_verbose() || !task.artifacts.empty()) {
            for (const Shared<Artifact>& one : task.artifacts) render_artifact(console, *one);
        }
    }
}

int run_list(const Session& session, const ListFlags& flags, bool streams) {
    ListTasksRequest request;
    request.context_id = session.options().context_id;
    request.status = read_state(flags.status);
    request.page_size = flags.page_size;
    request.page_token = flags.page_token;
    request.history_length = flags.history;
    if (flags.artifacts) request.include_artifacts = true;
    Agent agent(session);
    Console& console = session.console();
    ListTasksResponse collected;
    std::set<std::string> tokens;
    while (true) {
        ListTasksResponse page = agent.list_tasks(request);
        if (console.is_json() && streams) {
            for (const Task& task : page.tasks) console.json_line(json::encode(task));
        } else if (!console.is_json()) {
            print_page(page, session);
        }
        request.page_token = page.next_page_token;
        collected.next_page_token = page.next_page_token;
        collected.page_size = page.page_size;
        collected.total_size = page.total_size;
        if (console.is_json() && !streams)
            std::move(page.tasks.begin(), page.tasks.end(), std::back_inserter(collected.tasks));
        if (!flags.all || request.page_token.empty()) break;
        if (!tokens.insert(request.page_token).second) {
            throw Failure("InvalidAgentResponseError",
                          "the agent repeats a page token, so the list would never end", {}, {});
        }
    }
    if (console.is_json()) {
        if (!streams) console.json_line(json::encode(collected));
        return kExitSuccess;
    }
    console.field("Total", std::to_string(collected.total_size));
    if (!collected.next_page_token.empty()) {
        console.field("Next Page", session.command_line("task list") + " --page-token " +
                                       shell_word(collected.next_page_token));
    }
    return kExitSuccess;
}

}  // namespace

void add_task_list(CLI::App& command, Program& program) {
    const auto flags = std::make_shared<ListFlags>();
    command.add_option("--status", flags->status, "Only tasks in this state, such as working")
        ->option_text("STATE");
    command
        .add_option("--page-size", flags->page_size, "Tasks per page; unset: the agent's choice")
        ->option_text("N")
        ->check(CLI::Range(1, 100));
    command.add_option("--page-token", flags->page_token, "Continue where a page ended")
        ->option_text("TOKEN");
    command.add_option("--history", flags->history, "How many messages of each task to return")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber);
    command.add_flag("--artifacts", flags->artifacts, "Return the artifacts, too");
    command.add_flag("--all", flags->all, "Fetch every page");
    program.add_settings(command, {"context-id"});
    program.add_stream_flag(command);
    program.add_agent_settings(command);
    program.on_chosen(command, [flags, &program](const Session& session) {
        return run_list(session, *flags, program.streams());
    });
}

}  // namespace a2akit::cli
