#include "server/secret_file.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/core/error.hpp>

#include <openssl/crypto.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace a2akit {
namespace {

constexpr std::size_t kMostBytes = 64 << 10;
constexpr mode_t kTooOpen = S_IRWXO | S_IWGRP;

class Descriptor {
public:
    explicit Descriptor(const std::string& path)
        // A pipe without a writer must not hold up the start.
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

Result<std::string> read_secret_file(const std::string& setting, const std::string& path) {
    const auto refused = [&](const std::string& why) {
        return fail(Error::invalid_field(setting, "\"" + path + "\" " + why));
    };
    const Descriptor file(path);
    struct stat status{};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0)
        return refused(std::string("cannot be read: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return refused("is not a regular file");
    // One byte more than allowed, so that a longer file is noticed. The buffer is wiped below.
    std::array<char, kMostBytes + 1> buffer{};
    std::size_t size = 0;
    while (size < buffer.size()) {
        const ssize_t got = ::read(file.get(), buffer.data() + size, buffer.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return refused(std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    std::string secret(trimmed(std::string_view(buffer.data(), std::min(size, kMostBytes))));
    OPENSSL_cleanse(buffer.data(), buffer.size());
    if (size > kMostBytes) return refused("is longer than 64 KiB");
    if (secret.empty()) return refused("is empty; it has to hold the secret as its only line");
    if (secret.find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
        return refused("has several lines; it has to hold the secret as its only line");
    if ((status.st_mode & kTooOpen) != 0) {
        log::warn("settings {} names a file that others may read or change file={} mode={:o}",
                  setting, quoted(path), status.st_mode & 07777U);
    }
    return secret;
}

bool has_password(std::string_view url) noexcept {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string_view rest = url.substr(scheme + 3);
    const std::size_t query = rest.find('?');
    if (query != std::string_view::npos && rest.find("password=", query) != std::string_view::npos)
        return true;
    const std::string_view authority = rest.substr(0, std::min(rest.find('/'), query));
    const std::size_t at = authority.rfind('@');
    const std::size_t colon = authority.find(':');
    return at != std::string_view::npos && colon < at && at - colon > 1;
}

void wipe(std::optional<std::string>& secret) noexcept {
    if (secret) OPENSSL_cleanse(secret->data(), secret->size());
    secret.reset();
}

}  // namespace a2akit
