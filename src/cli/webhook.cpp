#include "cli/webhook.hpp"

#include "cli/failure.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

namespace a2akit::cli {
namespace {

constexpr std::size_t kMaxHeadBytes = 64U << 10U;
constexpr std::size_t kMaxBodyBytes = 16U << 20U;
constexpr timeval kPatience{10, 0};

class Connection {
public:
    explicit Connection(int descriptor) : descriptor_(descriptor) {
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
        ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { ::close(descriptor_); }

    /// Appends what has arrived; false at the end, or when the sender stalls.
    bool read(std::string& into) const {
        char buffer[16384];
        const ssize_t got = ::recv(descriptor_, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        into.append(buffer, static_cast<std::size_t>(got));
        return true;
    }
    void answer(std::string_view status) const {
        const std::string text = "HTTP/1.1 " + std::string(status) +
                                 "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        (void)!::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    }

private:
    int descriptor_;
};

/// The value of a header in a head whose names are of any case.
std::string header_of(std::string_view head, std::string_view name) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
         at = head.find("\r\n", at + 2)) {
        const std::string_view line = head.substr(at + 2);
        if (line.size() <= name.size() || line[name.size()] != ':' ||
            !std::equal(name.begin(), name.end(), line.begin(), same))
            continue;
        std::string_view value = line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
        value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
        return std::string(value);
    }
    return {};
}

/// Takes as long for a wrong token as for the right one.
bool is_same_token(std::string_view given, std::string_view expected) {
    unsigned difference = given.size() == expected.size() ? 0 : 1;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        difference |= static_cast<unsigned char>(expected[i]) ^
                      static_cast<unsigned char>(i < given.size() ? given[i] : 0);
    }
    return difference == 0;
}

/// The body of a notification; nothing when it was refused or cut.
std::optional<std::string> receive(const Connection& connection, const std::string& token) {
    std::string text;
    std::size_t end = std::string::npos;
    while ((end = text.find("\r\n\r\n")) == std::string::npos) {
        if (text.size() > kMaxHeadBytes) {
            connection.answer("431 Request Header Fields Too Large");
            return std::nullopt;
        }
        if (!connection.read(text)) return std::nullopt;
    }
    const std::string head = text.substr(0, end + 2);
    text.erase(0, end + 4);
    const std::string length = header_of(head, "content-length");
    std::size_t size = 0;
    const auto read = std::from_chars(length.data(), length.data() + length.size(), size);
    if (!head.starts_with("POST ")) {
        connection.answer("405 Method Not Allowed");
    } else if (!token.empty() &&
               !is_same_token(header_of(head, "x-a2a-notification-token"), token)) {
        connection.answer("401 Unauthorized");
    } else if (length.empty() || read.ec != std::errc()) {
        connection.answer("411 Length Required");
    } else if (size > kMaxBodyBytes) {
        connection.answer("413 Content Too Large");
    } else {
        while (text.size() < size) {
            if (!connection.read(text)) return std::nullopt;
        }
        text.resize(size);
        return text;
    }
    return std::nullopt;
}

}  // namespace

Webhook::Webhook(const std::string& host, std::uint16_t port, std::string token)
    : token_(std::move(token)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
        throw usage("--host: \"" + host + "\" is not an IPv4 address", "listen");
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        const std::string why = std::strerror(errno);
        ::close(listener_);
        throw Failure(LocalError::kInternal,
                      "can't listen on " + host + ":" + std::to_string(port) + ": " + why);
    }
    url_ = "http://" + host + ":" + std::to_string(ntohs(address.sin_port)) + "/";
}

Webhook::~Webhook() { ::close(listener_); }

std::string Webhook::next(const std::function<bool(std::string_view)>& accept) {
    while (true) {
        const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (descriptor < 0) {
            throw Failure(LocalError::kInternal,
                          std::string("can't accept a connection: ") + std::strerror(errno));
        }
        const Connection connection(descriptor);
        std::optional<std::string> body = receive(connection, token_);
        if (!body) continue;
        const bool is_good = accept(*body);
        connection.answer(is_good ? "200 OK" : "400 Bad Request");
        if (is_good) return std::move(*body);
    }
}

}  // namespace a2akit::cli
