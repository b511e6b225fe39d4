#pragma once

#include <a2akit/protocol/agent_card.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::test_support {

inline int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        throw std::runtime_error("the proxy can't reach the server");
    return socket;
}

/// Passes bytes on to a server and back, and cuts every connection.
class CuttingProxy {
public:
    /// `where`: after how many of the bytes that came from the server on one connection it is cut;
    /// npos: not within these. Gets the number of connections that were cut before.
    using Where = std::function<std::size_t(std::string_view bytes, int cuts)>;
    CuttingProxy(std::uint16_t server, Where where)
        : CuttingProxy(std::vector{server}, std::move(where)) {}
    /// Each connection goes to the next one of these servers.
    CuttingProxy(std::vector<std::uint16_t> servers, Where where)
        : servers_(std::move(servers)),
          where_(std::move(where)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error("the proxy can't listen");
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept(); });
    }
    ~CuttingProxy() {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
    }
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int cuts() const { return cuts_; }

private:
    /// One connection after the other: the client makes no two at a time.
    void accept() {
        for (std::size_t connections = 0;;) {
            const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (client < 0) return;
            const int server = connect_to(servers_[connections++ % servers_.size()]);
            relay(client, server);
            ::close(server);
            ::close(client);
        }
    }
    void relay(int client, int server) {
        std::string stream;
        std::array<pollfd, 2> watched{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        while (::poll(watched.data(), watched.size(), -1) > 0) {
            std::array<char, 4096> bytes{};
            if (watched[0].revents != 0) {
                const ssize_t size = ::read(client, bytes.data(), bytes.size());
                if (size <= 0 || ::send(server, bytes.data(), size, MSG_NOSIGNAL) != size) return;
            }
            if (watched[1].revents != 0) {
                const ssize_t size = ::read(server, bytes.data(), bytes.size());
                if (size <= 0) return;
                if (!pass_on(client, {bytes.data(), static_cast<std::size_t>(size)}, stream))
                    return;
            }
        }
    }
    /// False when the connection is to be cut. `stream`: what was passed on before.
    bool pass_on(int client, std::string_view bytes, std::string& stream) {
        const std::size_t before = stream.size();
        stream += bytes;
        const std::size_t until = where_(stream, cuts_);
        if (until == std::string::npos || until > stream.size())
            return ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
        ++cuts_;
        if (until > before)
            (void)!::send(client, stream.data() + before, until - before, MSG_NOSIGNAL);
        return false;
    }

    const std::vector<std::uint16_t> servers_;
    const Where where_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> cuts_ = 0;
    std::thread acceptor_;
};

/// Behind the first server-sent event, or some bytes later in the middle of the next one.
struct EachEventOfSse {
    std::size_t operator()(std::string_view bytes, int cuts) const {
        const std::size_t data = bytes.find("\ndata:");
        const std::size_t end = data == std::string::npos ? data : bytes.find("\n\n", data);
        if (end == std::string::npos) return end;
        return std::min(bytes.size(), end + 2 + static_cast<std::size_t>(cuts % 5) * 17);
    }
};

/// An agent's card whose interfaces are at another address.
inline AgentCard moved_to(AgentCard card, const std::string& from, const std::string& to) {
    for (AgentInterface& interface : card.supported_interfaces) {
        if (interface.url.starts_with(from)) interface.url.replace(0, from.size(), to);
    }
    return card;
}

}  // namespace a2akit::test_support
