#include "cli/check.hpp"

#include "backends/sqlite/database.hpp"
#include "cli/commands.hpp"
#include "server/audit_log.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

namespace a2akit::cli {
namespace {

constexpr int kSound = 0;
constexpr int kDamaged = 1;
constexpr int kFailed = 2;

std::string tasks(std::size_t count) {
    return std::to_string(count) + (count == 1 ? " task" : " tasks");
}

int say(const Error& error) {
    std::cerr << error.message << '\n';
    return kFailed;
}

std::string verdict(const sqlite::Findings& found) {
    if (found.lines.empty()) return " is sound";
    if (!found.can_be_set_aside()) return " is damaged; restore it from a backup";
    const std::string what = found.damaged_tasks == 0
                                 ? std::string(" counts its tasks wrongly")
                                 : " is damaged in " + tasks(found.damaged_tasks);
    return what +
           "; everything else can be used. Stop the agent and run this with --set-aside to "
           "move what is damaged into a file of its own";
}

}  // namespace

int run_check(const std::string& path, bool set_aside) {
    std::error_code ignored;
    const bool is_directory = std::filesystem::is_directory(path, ignored);
    const std::string file =
        is_directory ? (std::filesystem::path(path) / "a2akit.db").string() : path;
    const auto found = sqlite::check_database(file);
    if (!found) return say(found.error());
    for (const std::string& line : found->lines) std::cout << line << '\n';
    if (!set_aside || !found->can_be_set_aside()) {
        std::cout << file << verdict(*found) << '\n';
        return found->lines.empty() ? kSound : kDamaged;
    }
    const auto moved = sqlite::set_aside(file);
    if (!moved) return say(moved.error());
    if (moved->tasks != 0) {
        std::cout << tasks(moved->tasks) << " moved to " << moved->file << '\n';
    }
    const auto left = sqlite::check_database(file);
    if (!left) return say(left.error());
    for (const std::string& line : left->lines) std::cout << line << '\n';
    std::cout << file << verdict(*left) << '\n';
    return left->lines.empty() ? kSound : kDamaged;
}

int run_check_audit_log(const std::string& path) {
    std::ifstream file(path);
    std::error_code ignored;
    if (!file || std::filesystem::is_directory(path, ignored)) {
        std::cerr << path << " cannot be read\n";
        return kFailed;
    }
    const AuditCheck checked = check_audit_log(file);
    if (checked.lost != 0)
        std::cout << checked.lost << " calls could not be recorded when they were made\n";
    if (checked.torn != 0) {
        std::cout << checked.torn
                  << " lines were cut short, as when a process is killed or a disk is full\n";
    }
    if (checked.wrong) {
        std::cout << path << " was changed: line " << checked.wrong->line << ' '
                  << checked.wrong->problem << '\n';
        return kDamaged;
    }
    if (checked.records == 0) {
        std::cerr << path << " is not an audit log: it has no records\n";
        return kFailed;
    }
    std::cout << path << " is sound: " << checked.records << " records, the last of which has the "
              << "SHA-256 " << checked.last_hash << '\n';
    return kSound;
}

void add_check(CLI::App& command, Program& program) {
    struct Flags {
        std::string path;
        bool set_aside = false;
        bool audit_log = false;
    };
    const auto flags = std::make_shared<Flags>();
    command.add_option("PATH", flags->path, "The data directory, or the file")->required();
    auto* audit_log = command.add_flag("--audit-log", flags->audit_log,
                                       "PATH is an audit log (A2AKIT_AUDIT_LOG): check that "
                                       "no line was changed, removed or added");
    auto* set_aside = command.add_flag(
        "--set-aside", flags->set_aside,
        "Move each damaged task into a new database beside the file, PATH.set-aside-1, so that the "
        "rest is sound; the agent has to be stopped");
    set_aside->excludes(audit_log);
    program.on_chosen_alone(command, [flags] {
        return flags->audit_log ? run_check_audit_log(flags->path)
                                : run_check(flags->path, flags->set_aside);
    });
}

}  // namespace a2akit::cli
