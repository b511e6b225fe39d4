#include "cli/commands.hpp"

#include "cli/failure.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>

namespace a2akit::cli {
namespace {

constexpr std::string_view kSkill = R"(---
name: a2akit
description: Talk to A2A (Agent2Agent) agents from the command line - read an agent's card, send it messages and files, follow or cancel its tasks, fetch artifacts. Use it whenever work has to be delegated to, or asked of, an agent that has an A2A endpoint or an agent card.
compatibility: Needs the program `a2akit` on the PATH.
---

# Talking to A2A agents with a2akit

Check first that the tool is there: `a2akit --version`. When it is not, tell the user that a2akit has to be installed;
do not try to install it.

1. Learn what the agent can do: `a2akit card get -a <host-or-url> -o json`.
2. Ask it: `a2akit send -a <host-or-url> -o json "<message>"`. The command waits until the task has ended or needs you;
   never sleep and ask again yourself.
3. Read the result: an object with `task` or `message`. The exit status says whether the call worked; whether the agent
   did the work is in `task.status.state`. Only `TASK_STATE_COMPLETED` is a success. For
   `TASK_STATE_INPUT_REQUIRED` answer with `--task-id <task.id>`.
4. The tool remembers nothing. To go on with a conversation pass `--context-id <task.contextId>`, to go on with a task
   `--task-id <task.id>`.
5. For long work use `-o json --stream` (one JSON object per line), or `--async` and later
   `a2akit task get <id> --wait -o json`.
6. Errors are objects with `error.code` and `error.hint`; follow the hint.
7. Credentials come from the environment: `A2ACLI_BEARER` or `A2ACLI_API_KEY`. Do not put them into a command line, and
   do not start an interactive login.

Everything else is in the tool's own help: `a2akit help`, `a2akit help <command>`. Worked examples are in
references/examples.md.
)";

constexpr std::string_view kExamples = R"(# Worked examples

A question, answered by a task:

    $ a2akit send -a localhost:8000 -o json "Hello"
    {"task":{"id":"0f3c...","contextId":"71aa...","status":{"state":"TASK_STATE_COMPLETED"},"artifacts":[{"artifactId":"answer","parts":[{"text":"Hello"}]}]}}

A task that asks back, and the reply:

    $ a2akit send -a localhost:8000 -o json "ask"
    {"task":{"id":"52d0...","contextId":"9b1e...","status":{"state":"TASK_STATE_INPUT_REQUIRED","message":{"role":"ROLE_AGENT","parts":[{"text":"What is your name?"}]}}}}
    $ a2akit send -a localhost:8000 -o json --task-id 52d0... "Ada"

Files and structured data, in the order in which they are given:

    $ a2akit send -a localhost:8000 --text "Compare" --file a.pdf --file b.pdf --data options.json -o json

A failure:

    $ a2akit task get -a localhost:8000 unknown -o json
    {"error":{"code":"TaskNotFoundError","message":"...","hint":"Add --debug to see the messages that were exchanged","a2aCode":-32001}}
)";

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::error_code fault;
    std::filesystem::create_directories(path.parent_path(), fault);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.flush();
    if (!file)
        throw Failure(LocalError::kInternal, "the file " + path.string() + " can't be written");
}

}  // namespace

void add_skill(CLI::App& command, Program& program) {
    const auto directory = std::make_shared<std::string>();
    command
        .add_option("--install", *directory,
                    "Write the skill and its examples below this directory, to "
                    ".agents/skills/a2akit; use . for a project, ~ for a user")
        ->option_text("DIR");
    program.on_chosen_alone(command, [directory, &program] {
        if (directory->empty()) {
            program.console().text(kSkill);
            return kExitSuccess;
        }
        const std::filesystem::path root =
            std::filesystem::path(*directory) / ".agents" / "skills" / "a2akit";
        write_file(root / "SKILL.md", kSkill);
        write_file(root / "references" / "examples.md", kExamples);
        program.console().field("Installed", root.string());
        return kExitSuccess;
    });
}

}  // namespace a2akit::cli
