#include "cli/check.hpp"

#include "backends/sqlite/database.hpp"

#include <filesystem>
#include <iostream>

namespace a2akit::cli {

int run_check(const std::string& path) {
    std::error_code ignored;
    const bool is_directory = std::filesystem::is_directory(path, ignored);
    const std::string file = is_directory ? (std::filesystem::path(path) / "a2akit.db").string() : path;
    const auto wrong = sqlite::check_database(file);
    if (!wrong) {
        std::cerr << wrong.error().message << '\n';
        return 2;
    }
    for (const std::string& line : *wrong) std::cout << line << '\n';
    std::cout << file << (wrong->empty() ? " is sound\n" : " is damaged; restore it from a backup\n");
    return wrong->empty() ? 0 : 1;
}

}  // namespace a2akit::cli
