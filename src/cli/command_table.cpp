#include "cli/commands.hpp"

namespace a2akit::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> table{
        {"send", "Send a message to an agent, and wait for what comes of it", &add_send,
         "  a2akit send -a localhost:8000 \"What is A2A?\"\n"
         "  a2akit send -a localhost:8000 --stream -o json \"Write a poem\"\n"
         "  a2akit send -a localhost:8000 --text \"Summarise\" --file report.pdf\n"
         "  a2akit send -a localhost:8000 --task-id <id> \"my reply\"\n"},
        {"card get", "Fetch and show an agent's card", &add_card_get,
         "  a2akit card get -a localhost:8000\n"
         "  a2akit card get -a https://agents.example/card.json --validate\n"
         "  a2akit card get -a ./card.json -o json\n"},
        {"task get", "Show a task with its artifacts; --wait until it ends", &add_task_get,
         "  a2akit task get -a localhost:8000 <taskId>\n"
         "  a2akit task get -a localhost:8000 <taskId> --wait --timeout 5m\n"},
        {"task cancel", "Cancel a task", &add_task_cancel,
         "  a2akit task cancel -a localhost:8000 <taskId>\n"},
        {"task list", "List tasks, page by page", &add_task_list,
         "  a2akit task list -a localhost:8000 --status working\n"
         "  a2akit task list -a localhost:8000 --context-id <id> --all -o json\n"},
        {"task subscribe", "Follow the events of a task that works", &add_task_subscribe,
         "  a2akit task subscribe -a localhost:8000 <taskId> --stream\n"
         "  a2akit task subscribe -a localhost:8000 <taskId> -o json\n"},
        {"task download", "Save the artifacts of a task", &add_task_download,
         "  a2akit task download -a localhost:8000 <taskId> --dir results\n"},
        {"task push-config create", "Have the agent post a task's updates to a URL",
         &add_push_config_create,
         "  a2akit task push-config create -a localhost:8000 <taskId> --url "
         "https://me.example/hook\n"},
        {"task push-config get", "Show a push configuration", &add_push_config_get,
         "  a2akit task push-config get -a localhost:8000 <taskId> <configId>\n"},
        {"task push-config list", "List the push configurations of a task", &add_push_config_list,
         "  a2akit task push-config list -a localhost:8000 <taskId>\n"},
        {"task push-config delete", "Delete a push configuration", &add_push_config_delete,
         "  a2akit task push-config delete -a localhost:8000 <taskId> <configId>\n"},
        {"listen", "Receive push notifications, and print them", &add_listen,
         "  a2akit listen --port 9000 -o json\n"},
        {"chat", "Talk to an agent, turn by turn", &add_chat,
         "  a2akit chat -a localhost:8000\n"
         "  printf 'ask\\nAda\\n' | a2akit chat -a localhost:8000\n"},
        {"config show", "Show each setting in effect, and where it comes from", &add_config_show,
         "  a2akit config show\n"
         "  a2akit config show --config ./production.env -o json\n"},
        {"auth login", "Log in to an agent that takes OAuth 2 or OpenID Connect", &add_auth_login,
         "  a2akit auth login -a https://agents.example --client-id my-client\n"
         "  A2ACLI_CLIENT_SECRET=… a2akit auth login -a https://agents.example --client-id ci\n"},
        {"auth logout", "Forget a login", &add_auth_logout,
         "  a2akit auth logout -a https://agents.example\n"},
        {"conformance", "Check a live agent against the specification of A2A", &add_conformance,
         "  a2akit conformance -a localhost:8000\n"
         "  a2akit conformance -a localhost:8000 --transport rest -o json\n"},
        {"bench", "Send messages as fast as an agent answers, and report the times", &add_bench,
         "  a2akit bench -a localhost:8000 --clients 32 --duration 30s\n"
         "  a2akit bench -a localhost:8000 --stream -o json\n"},
        {"record", "Save a stream with its timings to a file", &add_record,
         "  a2akit record -a localhost:8000 --to stream.jsonl \"count 9\"\n"
         "  a2akit record -a localhost:8000 --to stream.jsonl --subscribe <taskId>\n"},
        {"replay", "Print a recorded stream again, or serve it as an agent", &add_replay,
         "  a2akit replay stream.jsonl --speed 10\n"
         "  a2akit replay stream.jsonl --serve --port 8000\n"},
        {"audit", "Check a recorded stream for what an agent must not do", &add_audit,
         "  a2akit record -a localhost:8000 --to stream.jsonl \"count 9\"\n"
         "  a2akit audit stream.jsonl\n"},
        {"plugin list", "List the programs a2a-NAME that can be commands", &add_plugin_list,
         "  a2akit plugin list\n"},
        {"plugin set-enabled", "Make a program a2a-NAME a command, or stop doing so",
         &add_plugin_set_enabled,
         "  a2akit plugin set-enabled review on\n"
         "  a2akit review --help\n"},
        {"completion", "Print a completion script for bash, zsh or fish", &add_completion,
         "  source <(a2akit completion bash)\n"
         "  a2akit completion fish > ~/.config/fish/completions/a2akit.fish\n"},
        {"man", "Print the manual page", &add_man, "  a2akit man | man -l -\n"},
        {"skill", "Print a SKILL.md that teaches coding agents to use this tool", &add_skill,
         "  a2akit skill\n"
         "  a2akit skill --install .\n"},
        {"help", "Explain the tool, or one of its commands", &add_help, "  a2akit help task get\n"},
        {"demo-server", "Run an agent to practise with", &add_demo_server,
         "  a2akit demo-server --port 8000\n"},
        {"serve", "Serve an agent without code: a command, a script, an echo", &add_serve,
         "  a2akit serve --exec \"wc -w\"\n"
         "  a2akit serve --exec ./agent.py --protocol jsonl --port 8000\n"
         "  a2akit serve --config agent.toml --print-config\n"},
        {"demo", "Start an agent that says back what it is told, and talk to it", &add_demo},
        {"check", "Read a whole database, or an audit log, and say what is wrong with it",
         &add_check},
    };
    return table;
}

}  // namespace a2akit::cli
