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
void add_push_config_create(CLI::App& command, Program& program);
void add_push_config_get(CLI::App& command, Program& program);
void add_push_config_list(CLI::App& command, Program& program);
void add_push_config_delete(CLI::App& command, Program& program);
void add_listen(CLI::App& command, Program& program);
void add_chat(CLI::App& command, Program& program);
void add_config_show(CLI::App& command, Program& program);
void add_task_download(CLI::App& command, Program& program);
void add_completion(CLI::App& command, Program& program);
void add_conformance(CLI::App& command, Program& program);
void add_auth_login(CLI::App& command, Program& program);
void add_auth_logout(CLI::App& command, Program& program);
void add_plugin_list(CLI::App& command, Program& program);
void add_plugin_set_enabled(CLI::App& command, Program& program);
void add_bench(CLI::App& command, Program& program);
void add_record(CLI::App& command, Program& program);
void add_replay(CLI::App& command, Program& program);
void add_audit(CLI::App& command, Program& program);
void add_man(CLI::App& command, Program& program);
void add_skill(CLI::App& command, Program& program);
void add_demo(CLI::App& command, Program& program);
void add_demo_server(CLI::App& command, Program& program);
void add_help(CLI::App& command, Program& program);
void add_check(CLI::App& command, Program& program);
void add_serve(CLI::App& command, Program& program);

}  // namespace a2akit::cli
