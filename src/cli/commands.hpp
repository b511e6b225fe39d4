#pragma once

#include "cli/program.hpp"

// One function per command; each is in a file of its own name. The table is in command_table.cpp.

namespace a2akit::cli {

void add_send(CLI::App& command, Program& program);
void add_card_get(CLI::App& command, Program& program);
void add_task_get(CLI::App& command, Program& program);
void add_task_cancel(CLI::App& command, Program& program);
void add_task_list(CLI::App& command, Program& program);
void add_task_subscribe(CLI::App& command, Program& program);
void add_chat(CLI::App& command, Program& program);
void add_config_show(CLI::App& command, Program& program);
void add_demo(CLI::App& command, Program& program);
void add_demo_server(CLI::App& command, Program& program);
void add_help(CLI::App& command, Program& program);
void add_check(CLI::App& command, Program& program);
void add_serve(CLI::App& command, Program& program);

}  // namespace a2akit::cli
