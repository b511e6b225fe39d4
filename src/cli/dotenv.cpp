#include "cli/dotenv.hpp"

#include "cli/failure.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace a2akit::cli {
namespace {

constexpr std::string_view kPrefix = "A2ACLI_";

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A value without its quotes, or without the comment behind it.
std::string value_of(std::string_view text) {
    if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
        const char quote = text.front();
        std::string value;
        for (std::size_t i = 1; i < text.size() && text[i] != quote; ++i) {
            const bool escaped = quote == '"' && text[i] == '\\' && i + 1 < text.size();
            if (escaped) ++i;
            value += escaped && text[i] == 'n' ? '\n' : text[i];
        }
        return value;
    }
    return std::string(trim(text.substr(0, text.find(" #"))));
}

bool is_secret(std::string_view name) {
    return name == "A2ACLI_BEARER" || name == "A2ACLI_API_KEY" || name == "A2ACLI_CLIENT_SECRET";
}

}  // namespace

DotEnv parse_dotenv(std::string_view text, const std::string& file_name) {
    DotEnv variables;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.starts_with("export ")) line = trim(line.substr(7));
        if (!line.starts_with(kPrefix)) continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            throw usage(file_name + ", line " + std::to_string(number) +
                        ": there is no '='; use NAME=value");
        }
        variables[std::string(trim(line.substr(0, equals)))] =
            value_of(trim(line.substr(equals + 1)));
    }
    return variables;
}

DotEnvFile read_dotenv(const std::string& path, bool is_required) {
    std::error_code ignored;
    std::ifstream file(path);
    if (!file || std::filesystem::is_directory(path, ignored)) {
        if (is_required) throw usage("--config: the file " + path + " can't be read");
        return {};
    }
    std::ostringstream text;
    text << file.rdbuf();
    DotEnvFile read{parse_dotenv(text.str(), path), {}};
    struct stat status{};
    const bool is_open_to_others =
        ::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) != 0;
    for (const auto& [name, value] : read.variables) {
        if (is_open_to_others && is_secret(name)) {
            read.warnings.push_back(path + " holds " + name +
                                    " and other users may read it; run: chmod 600 " + path);
        }
    }
    return read;
}

std::string find_local_dotenv() {
    std::error_code fault;
    std::filesystem::path directory = std::filesystem::current_path(fault);
    if (fault) return {};
    while (true) {
        const std::filesystem::path candidate = directory / ".env";
        if (std::filesystem::is_regular_file(candidate, fault)) return candidate.string();
        if (!directory.has_relative_path()) return {};
        directory = directory.parent_path();
    }
}

}  // namespace a2akit::cli
