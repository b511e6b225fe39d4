#include "net/listening_socket.hpp"

#include <a2akit/core/error.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>

namespace a2akit::net {
namespace {

constexpr int kBacklog = 4096;
constexpr const char* kScheme = "unix:";

tl::unexpected<Error> unavailable(const std::string& path, const std::string& why) {
    return fail(ErrorCode::kUnavailable, "cannot listen on unix:" + path + ": " + why);
}

int option_of(int descriptor, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return ::getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// Why the name cannot be used; nullopt when nothing is there any more.
std::optional<std::string> clear_stale(const std::string& path, const sockaddr_un& address) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        if (errno == ENOENT) return std::nullopt;
        return std::strerror(errno);
    }
    if (!S_ISSOCK(found.st_mode)) return "something else is there, which is not a socket";
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) return std::strerror(errno);
    const int refused =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0
                                                                                            : errno;
    ::close(probe);
    if (refused == ENOENT) return std::nullopt;
    if (refused != ECONNREFUSED)
        return refused == 0 || refused == EAGAIN ? "another process listens there"
                                                 : std::strerror(refused);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return std::strerror(errno);
    return std::nullopt;
}

}  // namespace

Result<ListeningSocket> ListeningSocket::at_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path) ||
        path.find('\0') != std::string::npos) {
        return fail(ErrorCode::kInvalidParams, "\"" + std::string(kScheme) + path +
                                                   "\" is not allowed; use unix: and a path of " +
                                                   std::to_string(sizeof(address.sun_path) - 1) +
                                                   " bytes at most");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    if (auto why = clear_stale(path, address)) return unavailable(path, *why);
    ListeningSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (socket.descriptor_ < 0) return unavailable(path, std::strerror(errno));
    if (::bind(socket.descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0)
        return unavailable(path, std::strerror(errno));
    // Absolute, as the name is taken away when the working directory may be another one.
    std::error_code ignored;
    const auto absolute = std::filesystem::absolute(path, ignored);
    socket.made_path_ = ignored ? path : absolute.string();
    socket.host_ = kScheme + path;
    struct stat made{};
    if (::lstat(socket.made_path_.c_str(), &made) == 0) {
        socket.device_ = made.st_dev;
        socket.inode_ = made.st_ino;
    }
    if (::listen(socket.descriptor_, kBacklog) != 0) return unavailable(path, std::strerror(errno));
    return socket;
}

Result<ListeningSocket> ListeningSocket::adopt(int descriptor) {
    ListeningSocket socket(descriptor);
    if (option_of(descriptor, SO_TYPE) != SOCK_STREAM ||
        option_of(descriptor, SO_ACCEPTCONN) != 1) {
        return fail(ErrorCode::kInvalidParams,
                    "descriptor " + std::to_string(descriptor) +
                        ", which this process was given, is not a stream socket that listens");
    }
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
        socket.host_ = ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
        socket.port_ = ntohs(v4->sin_port);
    } else if (address.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
        socket.host_ = ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
        socket.port_ = ntohs(v6->sin6_port);
    } else if (address.ss_family == AF_UNIX) {
        const auto* local = reinterpret_cast<const sockaddr_un*>(&address);
        const std::size_t most =
            size > offsetof(sockaddr_un, sun_path) ? size - offsetof(sockaddr_un, sun_path) : 0;
        socket.host_ = kScheme + std::string(local->sun_path, ::strnlen(local->sun_path, most));
    } else {
        return fail(ErrorCode::kInvalidParams,
                    "the socket that this process was given is neither TCP nor a Unix socket");
    }
    return socket;
}

void ListeningSocket::remove_path() noexcept {
    if (made_path_.empty()) return;
    struct stat now{};
    const bool is_ours =
        ::lstat(made_path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_;
    if (is_ours) ::unlink(made_path_.c_str());
    made_path_.clear();
}

ListeningSocket::~ListeningSocket() {
    remove_path();
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace a2akit::net
