// The baseline of every speed figure: an HTTP responder on bare epoll that links nothing of a2akit.
// It looks for the end of each request and sends bytes that it was given at its start; it parses
// nothing, stores nothing, and so is about as cheap as a server of these answers can be.
//
//   bare_responder PORT BODY_FILE            one answer with this body
//   bare_responder PORT EVENTS_FILE stream   text/event-stream; each event, up to its empty line,
//   in a write of its own

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Connection {
    int fd = -1;
    std::string in;
};

std::string read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string chunk(std::string_view data) {
    char size[32];
    const int digits = std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return std::string(size, static_cast<std::size_t>(digits)) + std::string(data) + "\r\n";
}

std::vector<std::string> make_writes(const std::string& content, bool stream) {
    if (!stream) {
        return {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(content.size()) + "\r\n\r\n" + content};
    }
    std::vector<std::string> writes;
    std::size_t begin = 0;
    while (begin < content.size()) {
        std::size_t end = content.find("\n\n", begin);
        end = end == std::string::npos ? content.size() : end + 2;
        writes.push_back(chunk(std::string_view(content).substr(begin, end - begin)));
        begin = end;
    }
    writes.front().insert(
        0,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    writes.back() += "0\r\n\r\n";
    return writes;
}

// The length of the first whole request in `in`; 0 when there is none yet.
std::size_t whole_request(const std::string& in) {
    const std::size_t head = in.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    std::size_t length = 0;
    const std::size_t field = in.find("Content-Length: ");
    if (field != std::string::npos && field < head)
        length = std::strtoul(in.c_str() + field + 16, nullptr, 10);
    const std::size_t whole = head + 4 + length;
    return in.size() >= whole ? whole : 0;
}

bool send_all(int fd, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return false;
        sent += static_cast<std::size_t>(n);
    }
    return true;
}

int listen_on(const char* port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 4096) != 0) {
        std::perror("bare_responder");
        std::exit(1);
    }
    return fd;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: bare_responder PORT FILE [stream]\n");
        return 2;
    }
    const std::vector<std::string> writes = make_writes(read_file(argv[2]), argc > 3);
    const int listener = listen_on(argv[1]);
    const int epoll = ::epoll_create1(0);
    Connection accepting{listener, {}};
    epoll_event event{EPOLLIN, {&accepting}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    std::vector<char> buffer(64 * 1024);
    for (;;) {
        epoll_event events[64];
        const int ready = ::epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < ready; ++i) {
            auto* connection = static_cast<Connection*>(events[i].data.ptr);
            if (connection == &accepting) {
                auto* accepted = new Connection{::accept(listener, nullptr, nullptr), {}};
                const int on = 1;
                ::setsockopt(accepted->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                epoll_event add{EPOLLIN, {accepted}};
                ::epoll_ctl(epoll, EPOLL_CTL_ADD, accepted->fd, &add);
                continue;
            }
            const ssize_t n = ::recv(connection->fd, buffer.data(), buffer.size(), 0);
            bool open = n > 0;
            if (open) connection->in.append(buffer.data(), static_cast<std::size_t>(n));
            while (open) {
                const std::size_t length = whole_request(connection->in);
                if (length == 0) break;
                connection->in.erase(0, length);
                for (const auto& bytes : writes) open = open && send_all(connection->fd, bytes);
            }
            if (!open) {
                ::close(connection->fd);
                delete connection;
            }
        }
    }
}
