#include "cli/safe_file.hpp"

#include "cli/failure.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace a2akit::cli {
namespace {

[[noreturn]] void refuse(const std::string& path, int fault) {
    throw Failure(LocalError::kInternal,
                  "the file " + path + " can't be written: " + std::strerror(fault));
}

void write_and_close(int descriptor, const std::string& path, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(descriptor, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            const int fault = errno;
            ::close(descriptor);
            refuse(path, fault);
        }
        content.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::close(descriptor) != 0) refuse(path, errno);
}

}  // namespace

std::string safe_name(std::string_view name) {
    if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string_view::npos)
        name.remove_prefix(slash + 1);
    std::string safe;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        safe += byte < 0x20 || byte == 0x7F ? '_' : c;
    }
    safe.erase(0, std::min(safe.find_first_not_of('.'), safe.size()));
    if (safe.size() > 200) safe.erase(0, safe.size() - 200);  // its ending says what it is
    return safe.empty() ? "artifact" : safe;
}

std::string save_new_file(const std::string& directory, std::string_view name,
                          std::string_view content) {
    std::error_code fault;
    std::filesystem::create_directories(directory, fault);
    const std::filesystem::path chosen = safe_name(name);
    for (int number = 0; number < 10'000; ++number) {
        std::filesystem::path path = std::filesystem::path(directory) / chosen;
        if (number > 0) {
            path.replace_filename(chosen.stem().string() + "-" + std::to_string(number) +
                                  chosen.extension().string());
        }
        const int descriptor =
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (descriptor < 0 && errno == EEXIST) continue;
        if (descriptor < 0) refuse(path.string(), errno);
        write_and_close(descriptor, path.string(), content);
        return path.string();
    }
    refuse((std::filesystem::path(directory) / chosen).string(), EEXIST);
}

void save_secret_file(const std::string& path, std::string_view content) {
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    std::error_code fault;
    std::filesystem::create_directories(parent, fault);
    ::chmod(parent.c_str(), 0700);
    const std::string fresh = path + "." + std::to_string(::getpid());
    const int descriptor =
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) refuse(path, errno);
    write_and_close(descriptor, fresh, content);
    if (::rename(fresh.c_str(), path.c_str()) != 0) refuse(path, errno);
}

}  // namespace a2akit::cli
