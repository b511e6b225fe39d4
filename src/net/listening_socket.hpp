#pragma once

#include <a2akit/core/result.hpp>

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

namespace a2akit::net {

/// A socket that listens already: one with a name in the file system, or one that another process,
/// such as systemd, has opened. Closes the socket, and takes the name away if it made it.
class ListeningSocket {
public:
    /// Listens at `path`, which is made. A socket there at which no process listens any more is
    /// replaced. kUnavailable when another process listens there, or the path cannot be made or
    /// holds something else; kInvalidParams when it is empty or too long for a socket.
    static Result<ListeningSocket> at_path(const std::string& path);
    /// Takes over a descriptor. kInvalidParams when it is not a stream socket that listens.
    static Result<ListeningSocket> adopt(int descriptor);

    ListeningSocket(ListeningSocket&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)),
          host_(std::move(other.host_)),
          port_(other.port_),
          made_path_(std::exchange(other.made_path_, {})),
          device_(other.device_),
          inode_(other.inode_) {}
    ListeningSocket& operator=(ListeningSocket&&) = delete;
    ~ListeningSocket();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// The caller closes the descriptor from now on.
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }
    /// Takes the name away, unless it has become that of another socket.
    void remove_path() noexcept;
    /// An IP address, or "unix:" and the path.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }  ///< 0: it has none.

private:
    explicit ListeningSocket(int descriptor) noexcept : descriptor_(descriptor) {}

    int descriptor_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string made_path_;  ///< Empty: it was there before.
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace a2akit::net
