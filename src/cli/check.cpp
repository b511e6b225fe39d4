#include "cli/check.hpp"

#include "backends/common/data_keys.hpp"
#ifdef A2AKIT_POSTGRES
#include "backends/postgres/pg_check.hpp"
#endif
#include "backends/sqlite/database.hpp"
#include "backends/sqlite/reencrypt.hpp"
#include "cli/commands.hpp"
#include "server/audit_log.hpp"
#include "server/secret_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// PATH may be the data directory.
std::string file_of(const std::string& path) {
    std::error_code ignored;
    const bool is_directory = std::filesystem::is_directory(path, ignored);
    return is_directory ? (std::filesystem::path(path) / "a2akit.db").string() : path;
}

bool is_postgres_url(const std::string& path) {
    return path.starts_with("postgresql://") || path.starts_with("postgres://");
}

/// Of A2AKIT_DATA_KEYS or of the file that A2AKIT_DATA_KEYS_FILE names.
Result<std::optional<backends::DataKeys>> data_keys() {
    const char* keys = std::getenv("A2AKIT_DATA_KEYS");
    const char* file = std::getenv("A2AKIT_DATA_KEYS_FILE");
    std::string text = keys != nullptr ? keys : "";
    if (file != nullptr && *file != '\0') {
        if (!text.empty()) {
            return fail(Error::invalid_field("A2AKIT_DATA_KEYS_FILE",
                                             "is set, and so is A2AKIT_DATA_KEYS; set one of the "
                                             "two"));
        }
        Result<std::string> read = read_secret_file("A2AKIT_DATA_KEYS_FILE", file);
        if (!read) return fail(std::move(read.error()));
        text = std::move(*read);
    }
    if (text.empty()) return std::optional<backends::DataKeys>();
    auto parsed = backends::DataKeys::parse(text);
    if (!parsed) return fail(std::move(parsed.error()));
    return std::optional(std::move(*parsed));
}

void say_encrypted(std::size_t count) {
    if (count == 0) return;
    std::cout << tasks(count) << (count == 1 ? " is" : " are")
              << " encrypted: the check needs A2AKIT_DATA_KEYS with the agent's keys\n";
}

std::string sound(std::size_t encrypted) {
    return encrypted == 0 ? " is sound" : " is sound in all else";
}

std::string verdict(const sqlite::Findings& found) {
    if (found.lines.empty()) return sound(found.encrypted);
    if (!found.can_be_set_aside()) return " is damaged; restore it from a backup";
    const std::string what = found.damaged_tasks == 0
                                 ? std::string(" counts its tasks wrongly")
                                 : " is damaged in " + tasks(found.damaged_tasks);
    return what +
           "; everything else can be used. Stop the agent and run this with --set-aside to "
           "move what is damaged into a file of its own";
}

#ifdef A2AKIT_POSTGRES
int describe(const postgres::Findings& found) {
    for (const std::string& line : found.lines) std::cout << line << '\n';
    say_encrypted(found.encrypted);
    std::cout << "schema " << found.schema;
    if (found.lines.empty()) {
        std::cout << sound(found.encrypted) << '\n';
        return kSound;
    }
    if (found.damaged.empty() && found.wrong_counts == 0) {
        std::cout << " is damaged; restore it from a backup\n";
    } else if (found.damaged.empty()) {
        std::cout << " counts the tasks of " << found.wrong_counts
                  << (found.wrong_counts == 1 ? " owner" : " owners")
                  << " wrongly; everything else can be used. Run this with --set-aside to count "
                     "them anew\n";
    } else {
        std::cout << " is damaged in " << tasks(found.damaged.size())
                  << "; everything else can be used. Run this with --set-aside to move what is "
                     "damaged into the table "
                  << found.schema << ".set_aside\n";
    }
    return kDamaged;
}

int check_postgres(const std::string& url, bool set_aside, const backends::DataKeys* keys) {
    auto found = postgres::check_schema(url, keys);
    if (!found) return say(found.error());
    if (!set_aside || (found->damaged.empty() && found->wrong_counts == 0)) return describe(*found);
    for (const std::string& line : found->lines) std::cout << line << '\n';
    if (!found->damaged.empty()) {
        const auto moved = postgres::set_aside(url, found->damaged);
        if (!moved) return say(moved.error());
        std::cout << tasks(*moved) << " moved to " << found->schema << ".set_aside\n";
    }
    if (found->wrong_counts != 0) {
        if (const auto counted = postgres::count_anew(url); !counted) return say(counted.error());
        std::cout << "all tasks counted anew\n";
    }
    found = postgres::check_schema(url, keys);
    if (!found) return say(found.error());
    return describe(*found);
}

Result<backends::Reencrypted> reencrypt_postgres(const std::string& url,
                                                 const backends::DataKeys& keys) {
    return postgres::reencrypt(url, keys);
}
#else
Result<backends::Reencrypted> reencrypt_postgres(const std::string&, const backends::DataKeys&) {
    return fail(ErrorCode::kUnsupportedOperation, "this a2akit was built without PostgreSQL");
}

int check_postgres(const std::string&, bool, const backends::DataKeys*) {
    std::cerr << "this a2akit was built without PostgreSQL\n";
    return kFailed;
}
#endif

}  // namespace

int run_check(const std::string& path, bool set_aside) {
    const auto given = data_keys();
    if (!given) return say(given.error());
    const backends::DataKeys* const keys = *given ? &**given : nullptr;
    if (is_postgres_url(path)) return check_postgres(path, set_aside, keys);
    const std::string file = file_of(path);
    const auto found = sqlite::check_database(file, keys);
    if (!found) return say(found.error());
    for (const std::string& line : found->lines) std::cout << line << '\n';
    if (!set_aside || !found->can_be_set_aside()) {
        say_encrypted(found->encrypted);
        std::cout << file << verdict(*found) << '\n';
        return found->lines.empty() ? kSound : kDamaged;
    }
    const auto moved = sqlite::set_aside(file, keys);
    if (!moved) return say(moved.error());
    if (moved->tasks != 0) {
        std::cout << tasks(moved->tasks) << " moved to " << moved->file << '\n';
    }
    const auto left = sqlite::check_database(file, keys);
    if (!left) return say(left.error());
    for (const std::string& line : left->lines) std::cout << line << '\n';
    say_encrypted(left->encrypted);
    std::cout << file << verdict(*left) << '\n';
    return left->lines.empty() ? kSound : kDamaged;
}

int run_reencrypt(const std::string& path) {
    const auto keys = data_keys();
    if (!keys) return say(keys.error());
    if (!*keys) {
        std::cerr << "A2AKIT_DATA_KEYS: is missing: give the new key first and the former ones "
                     "behind it, as the agent has them\n";
        return kFailed;
    }
    const std::string file = is_postgres_url(path) ? path : file_of(path);
    const auto done =
        is_postgres_url(path) ? reencrypt_postgres(path, **keys) : sqlite::reencrypt(file, **keys);
    if (!done) return say(done.error());
    std::cout << done->renewed << (done->renewed == 1 ? " value" : " values")
              << " encrypted again under the key \"" << (*keys)->first_id() << "\"\n";
    if (done->left == 0) return kSound;
    std::cout << done->left << (done->left == 1 ? " value is" : " values are")
              << " left as before: " << done->why << '\n';
    return kDamaged;
}

int run_check_audit_log(const std::vector<std::string>& paths) {
    std::vector<std::ifstream> opened;
    std::vector<std::istream*> files;
    opened.reserve(paths.size());
    for (const std::string& path : paths) {
        std::error_code ignored;
        files.push_back(&opened.emplace_back(path));
        if (opened.back() && !std::filesystem::is_directory(path, ignored)) continue;
        std::cerr << path << " cannot be read\n";
        return kFailed;
    }
    const AuditCheck checked = check_audit_log(files);
    if (checked.lost != 0)
        std::cout << checked.lost << " calls could not be recorded when they were made\n";
    if (checked.torn != 0) {
        std::cout << checked.torn
                  << " lines were cut short, as when a process is killed or a disk is full\n";
    }
    if (checked.wrong) {
        std::cout << paths[checked.wrong->file] << " was changed: line " << checked.wrong->line
                  << ' ' << checked.wrong->problem << '\n';
        return kDamaged;
    }
    const std::string& last = paths.back();
    if (checked.records == 0) {
        std::cerr << last << " is not an audit log: it has no records\n";
        return kFailed;
    }
    if (!checked.before.empty()) {
        std::cout << paths.front() << " goes on with an earlier file, whose " << checked.first - 1
                  << " records end with the SHA-256 " << checked.before << '\n';
    }
    std::cout << last << " is sound: " << checked.records << " records, the last of which has the "
              << "SHA-256 " << checked.last_hash << '\n';
    return kSound;
}

void add_check(CLI::App& command, Program& program) {
    struct Flags {
        std::vector<std::string> paths;
        bool set_aside = false;
        bool audit_log = false;
        bool reencrypt = false;
    };
    const auto flags = std::make_shared<Flags>();
    command
        .add_option("PATH", flags->paths,
                    "The data directory, the SQLite file, or postgresql://user@host/database; its "
                    "password is "
                    "that of PGPASSWORD or of a password file (PGPASSFILE)")
        ->required();
    auto* audit_log = command.add_flag("--audit-log", flags->audit_log,
                                       "PATH is an audit log (A2AKIT_AUDIT_LOG): check that "
                                       "no line was changed, removed or added. Several files of "
                                       "one log: the oldest first");
    auto* set_aside = command.add_flag(
        "--set-aside", flags->set_aside,
        "Move each damaged task into a new database beside the file, PATH.set-aside-1, so that the "
        "rest is sound; the agent has to be stopped. On PostgreSQL: into the table set_aside; "
        "agents may be running. Counts of tasks that are wrong are made anew");
    set_aside->excludes(audit_log);
    auto* reencrypt = command.add_flag(
        "--reencrypt", flags->reencrypt,
        "Encrypt what is stored again under the first key of A2AKIT_DATA_KEYS, so that the others "
        "can be taken away; agents may be running, with the same first key");
    reencrypt->excludes(audit_log)->excludes(set_aside);
    program.on_chosen_alone(command, [flags] {
        if (std::ranges::any_of(flags->paths, has_password)) {
            std::cerr
                << "a URL with a password is not allowed: every user of this machine can read "
                   "the command line. Leave it out, and set PGPASSWORD or PGPASSFILE\n";
            return kFailed;
        }
        if (flags->audit_log) return run_check_audit_log(flags->paths);
        if (flags->paths.size() == 1) {
            return flags->reencrypt ? run_reencrypt(flags->paths[0])
                                    : run_check(flags->paths[0], flags->set_aside);
        }
        std::cerr << "only the files of an audit log can be checked together\n";
        return kFailed;
    });
}

}  // namespace a2akit::cli
