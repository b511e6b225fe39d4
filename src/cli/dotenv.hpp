#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::cli {

using DotEnv = std::map<std::string, std::string, std::less<>>;

struct DotEnvFile {
    DotEnv variables;
    std::vector<std::string> warnings;
};

/// NAME=value lines; "export " before them, comments and quotes are understood. Only names that
/// begin with A2ACLI_ are kept: the file may be another program's. Throws Failure (usage) for a
/// line of ours that can't be read.
[[nodiscard]] DotEnv parse_dotenv(std::string_view text, const std::string& file_name);

/// Reads a file; one that does not exist has no variables, unless it is required. Warns when it
/// holds a secret and others may read it.
[[nodiscard]] DotEnvFile read_dotenv(const std::string& path, bool is_required);

/// The nearest .env, from the working directory upwards; empty: there is none.
[[nodiscard]] std::string find_local_dotenv();

}  // namespace a2akit::cli
