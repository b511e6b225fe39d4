#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit::test_support {

/// A POST that a webhook got.
struct Received {
    std::string target;
    std::map<std::string, std::string> headers;  ///< Names in lower case.
    std::string body;
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

/// A webhook on a free port of the loopback that records what it gets, in order. `answer` makes the
/// bytes of each response; empty bytes: none, and the connection stays open.
class WebhookReceiver {
public:
    using Answer = std::function<std::string(const Received& request)>;
    static std::string ok() { return status("200 OK"); }
    static std::string status(const std::string& line, const std::string& headers = {}) {
        return "HTTP/1.1 " + line + "\r\nContent-Length: 0\r\n" + headers + "\r\n";
    }

    explicit WebhookReceiver(Answer answer = [](const Received&) { return ok(); })
        : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 128) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
            ::pipe(stop_.data()) != 0) {
            throw std::runtime_error("a webhook needs a port");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~WebhookReceiver() {
        ::close(stop_[1]);
        thread_.join();
        ::close(stop_[0]);
        ::close(listener_);
    }
    WebhookReceiver(const WebhookReceiver&) = delete;
    WebhookReceiver& operator=(const WebhookReceiver&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/hook") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    [[nodiscard]] std::vector<Received> received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }
    [[nodiscard]] std::size_t connections() const {
        const std::lock_guard lock(mutex_);
        return connections_;
    }
    /// Waits until `enough` holds for what was received; throws std::runtime_error after 20 s.
    std::vector<Received> wait_for(
        const std::function<bool(const std::vector<Received>&)>& enough) const {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return enough(received_); }))
            throw std::runtime_error("the webhook waits in vain; it got " +
                                     std::to_string(received_.size()) + " requests");
        return received_;
    }
    std::vector<Received> wait_for(std::size_t count) const {
        return wait_for([count](const std::vector<Received>& all) { return all.size() >= count; });
    }

private:
    void serve() {
        std::vector<pollfd> watched{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
        std::map<int, std::string> buffers;
        while (::poll(watched.data(), watched.size(), -1) > 0 && watched[0].revents == 0) {
            for (std::size_t i = watched.size() - 1; i > 1; --i) {
                if (watched[i].revents == 0 || take(watched[i].fd, buffers[watched[i].fd]))
                    continue;
                buffers.erase(watched[i].fd);
                ::close(watched[i].fd);
                watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
            }
            if (watched[1].revents == 0) continue;
            watched.push_back({::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), POLLIN, 0});
            const std::lock_guard lock(mutex_);
            ++connections_;
        }
        for (std::size_t i = 2; i < watched.size(); ++i) ::close(watched[i].fd);
    }
    /// False: the connection is over.
    bool take(int connection, std::string& buffer) {
        std::array<char, 16384> bytes{};
        const ssize_t got = ::read(connection, bytes.data(), bytes.size());
        if (got <= 0) return false;
        buffer.append(bytes.data(), static_cast<std::size_t>(got));
        for (;;) {
            const std::size_t head = buffer.find("\r\n\r\n");
            if (head == std::string::npos) return true;
            Received request = parse(buffer.substr(0, head));
            const auto length =
                static_cast<std::size_t>(std::atoll(request.header("content-length").c_str()));
            if (buffer.size() < head + 4 + length) return true;
            request.body = buffer.substr(head + 4, length);
            buffer.erase(0, head + 4 + length);
            const std::string said = answer_(request);
            {
                const std::lock_guard lock(mutex_);
                received_.push_back(std::move(request));
            }
            changed_.notify_all();
            if (::send(connection, said.data(), said.size(), MSG_NOSIGNAL) !=
                static_cast<ssize_t>(said.size()))
                return false;
        }
    }
    static Received parse(const std::string& head) {
        Received request;
        const std::size_t first = head.find("\r\n");
        const std::size_t space = head.find(' ');
        request.target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
        for (std::size_t at = first; at != std::string::npos && at < head.size();) {
            const std::size_t begin = at + 2;
            at = head.find("\r\n", begin);
            const std::string line = head.substr(begin, at - begin);
            const std::size_t colon = line.find(':');
            if (colon == std::string::npos) continue;
            std::string name = line.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
                return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
            });
            request.headers[name] = line.substr(std::min(colon + 2, line.size()));
        }
        return request;
    }

    const Answer answer_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::array<int, 2> stop_{};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<Received> received_;
    std::size_t connections_ = 0;
    std::thread thread_;
};

}  // namespace a2akit::test_support
