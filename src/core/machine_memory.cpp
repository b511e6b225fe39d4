#include "core/machine_memory.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>

namespace a2akit {
namespace {

constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kFallback = std::uint64_t{1} << 30U;

/// The number that the text begins with; kUnknown when it is not a number ("max").
std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} ? value : kUnknown;
}

std::uint64_t total(const std::string& root) {
    std::ifstream file(root + "/proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        std::string_view rest = line;
        if (!rest.starts_with("MemTotal:")) continue;
        rest.remove_prefix(std::min(rest.find_first_of("0123456789"), rest.size()));
        const std::uint64_t kilobytes = number(rest);
        return kilobytes > kUnknown / 1024 ? kUnknown : kilobytes * 1024;
    }
    return kUnknown;
}

/// The smallest limit of a group and its parents. A group's path may be the host's and not exist in
/// the container: then only the file at the mount itself is there.
std::uint64_t least_limit(const std::string& mount, std::string group, const std::string& name) {
    std::uint64_t least = kUnknown;
    for (;;) {
        if (group == "/") group.clear();
        std::ifstream file(mount + group + "/" + name);
        if (std::string line; std::getline(file, line)) least = std::min(least, number(line));
        if (group.empty()) return least;
        const auto slash = group.rfind('/');
        group.resize(slash == std::string::npos ? 0 : slash);
    }
}

bool names_memory(std::string_view controllers) {
    while (!controllers.empty()) {
        const auto comma = controllers.find(',');
        if (controllers.substr(0, comma) == "memory") return true;
        controllers =
            comma == std::string_view::npos ? std::string_view() : controllers.substr(comma + 1);
    }
    return false;
}

std::uint64_t group_limit(const std::string& root) {
    std::uint64_t least = kUnknown;
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {  // hierarchy:controllers:path
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            least = std::min(least, least_limit(root + "/sys/fs/cgroup", path, "memory.max"));
        } else if (names_memory(controllers)) {
            least = std::min(
                least, least_limit(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
        }
    }
    return least;
}

}  // namespace

std::uint64_t machine_memory_bytes(const std::string& root) {
    const std::uint64_t least = std::min(total(root), group_limit(root));
    // Ignore a limit of 0: there would be nothing to divide.
    return least == kUnknown || least == 0 ? kFallback : least;
}

}  // namespace a2akit
