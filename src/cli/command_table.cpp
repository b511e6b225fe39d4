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
        {"chat", "Talk to an agent, turn by turn", &add_chat,
         "  a2akit chat -a localhost:8000\n"
         "  printf 'ask\\nAda\\n' | a2akit chat -a localhost:8000\n"},
        {"config show", "Show each setting in effect, and where it comes from", &add_config_show,
         "  a2akit config show\n"
         "  a2akit config show --config ./production.env -o json\n"},
        {"help", "Explain the tool, or one of its commands", &add_help, "  a2akit help task get\n"},
        {"demo-server", "Run an agent to practise with", &add_demo_server,
         "  a2akit demo-server --port 8000\n"},
        {"serve", "Serve an agent without code: a command, a script, an echo", &add_serve,
         "  a2akit serve --exec \"wc -w\"\n"
         "  a2akit serve --exec ./agent.py --protocol jsonl --port 8000\n"
         "  a2akit serve --config agent.toml --print-config\n"},
        {"demo", "Start an agent that says back what it is told, and talk to it", &add_demo},
        {"check", "Read a whole SQLite database and say what is wrong with it", &add_check},
    };
    return table;
}

}  // namespace a2akit::cli
