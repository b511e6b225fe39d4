#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace a2akit::test_support {

/// A blocking HTTP/1.1 client over one connection, for tests that care about bytes. Throws
/// std::runtime_error after 20 s without the bytes that it waits for.
class HttpClient {
public:
    struct Response {
        int status = 0;
        std::map<std::string, std::string> headers;  ///< Names in lower case.
        std::string body;
        [[nodiscard]] std::string header(const std::string& name) const {
            const auto found = headers.find(name);
            return found == headers.end() ? std::string() : found->second;
        }
    };

    explicit HttpClient(std::uint16_t port)
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval timeout{20, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        const int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(socket_);
            throw std::runtime_error("cannot connect");
        }
    }
    ~HttpClient() { close(); }
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// False: the server has closed.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    bool request(std::string_view method, std::string_view target, std::string_view body = {},
                 std::string_view more_headers = "Content-Type: application/json\r\n") {
        std::string bytes;
        bytes.append(method).append(" ").append(target).append(
            " HTTP/1.1\r\nHost: localhost\r\nA2A-Version: 1.0\r\n");
        bytes.append(more_headers);
        if (!body.empty())
            bytes.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
        bytes.append("\r\n").append(body);
        return send(bytes);
    }
    Response exchange(std::string_view method, std::string_view target, std::string_view body = {},
                      std::string_view more_headers = "Content-Type: application/json\r\n") {
        request(method, target, body, more_headers);
        return response(method == "HEAD");
    }

    /// The next response with all of its body, chunked or not.
    Response response(bool to_head = false) {
        Response result = head();
        if (to_head || result.status == 204 || result.status == 304 || result.status == 100)
            return result;
        if (result.header("transfer-encoding") == "chunked") {
            for (std::string next = chunk(); !next.empty(); next = chunk()) result.body += next;
        } else if (!result.header("content-length").empty()) {
            result.body =
                take(static_cast<std::size_t>(std::stoul(result.header("content-length"))));
        } else {
            while (fill()) {
            }
            result.body = std::exchange(buffer_, {});
        }
        return result;
    }
    /// The status line and headers; the body is for `chunk` or `take`.
    Response head() {
        Response result;
        std::string line = take_line();
        if (!line.starts_with("HTTP/1.1 ")) throw std::runtime_error("no HTTP/1.1 answer: " + line);
        result.status = std::atoi(line.c_str() + 9);
        for (line = take_line(); !line.empty(); line = take_line()) {
            const auto colon = line.find(": ");
            std::string name = line.substr(0, colon);
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return std::tolower(c); });
            result.headers[name] = line.substr(colon + 2);
        }
        return result;
    }
    /// The next chunk of a chunked body; empty: the last one.
    std::string chunk() {
        const auto size = static_cast<std::size_t>(std::stoul(take_line(), nullptr, 16));
        std::string data = take(size);
        take_line();
        return data;
    }
    std::string take(std::size_t bytes) {
        while (buffer_.size() < bytes) need();
        std::string taken = buffer_.substr(0, bytes);
        buffer_.erase(0, bytes);
        return taken;
    }
    /// True once the server has closed and nothing is left to read.
    bool closed_by_server() { return buffer_.empty() && !fill(); }

    void shutdown_send() { ::shutdown(socket_, SHUT_WR); }
    /// Closes with a reset.
    void reset() {
        const linger hard{1, 0};
        setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close();
    }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    [[nodiscard]] int native() const { return socket_; }

private:
    std::string take_line() {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n")) == std::string::npos) need();
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return line;
    }
    void need() {
        if (!fill())
            throw std::runtime_error("the server closed the connection or kept silent; got: " +
                                     buffer_);
    }
    bool fill() {
        char bytes[16384];
        ssize_t got = 0;
        // A child process that ends may interrupt a wait with a timeout.
        do {
            got = recv(socket_, bytes, sizeof bytes, 0);
        } while (got < 0 && errno == EINTR);
        if (got <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    std::string buffer_;
};

}  // namespace a2akit::test_support
