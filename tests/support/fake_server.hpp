#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::test_support {

/// Listens on a free port of the loopback and answers whatever is sent as `answer` says; nothing
/// for an empty answer.
class FakeServer {
public:
    using Answer = std::function<std::string(const std::string& asked)>;
    explicit FakeServer(Answer answer)
        : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 16) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
            ::pipe(stop_.data()) != 0) {
            throw std::runtime_error("a fake server needs a port");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeServer() {
        ::close(stop_[1]);
        thread_.join();
        ::close(stop_[0]);
        ::close(listener_);
    }
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;

    [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

private:
    void serve() {
        std::vector<pollfd> watched{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
        while (::poll(watched.data(), watched.size(), -1) > 0 && watched[0].revents == 0) {
            for (std::size_t i = watched.size() - 1; i > 1; --i) {
                if (watched[i].revents == 0 || answer(watched[i].fd)) continue;
                ::close(watched[i].fd);
                watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (watched[1].revents != 0)
                watched.push_back({::accept(listener_, nullptr, nullptr), POLLIN, 0});
        }
        for (std::size_t i = 2; i < watched.size(); ++i) ::close(watched[i].fd);
    }
    bool answer(int connection) {
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(connection, buffer.data(), buffer.size());
        if (got <= 0) return false;
        const std::string said = answer_(std::string(buffer.data(), static_cast<std::size_t>(got)));
        return ::send(connection, said.data(), said.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(said.size());
    }

    const Answer answer_;
    const int listener_;
    int port_ = 0;
    std::array<int, 2> stop_{};
    std::thread thread_;
};

}  // namespace a2akit::test_support
