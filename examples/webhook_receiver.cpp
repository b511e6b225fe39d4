// A webhook that believes only what its agent has sent: it checks the signature, the age and repeats of
// push notifications, and prints those that pass.
//
//     A2AKIT_PORT=9000 WEBHOOK_SECRET=whsec_… ./example_webhook_receiver
//
// A small HTTP server that serves one connection at a time; a real one hands headers and body over
// likewise.

#include <a2akit/push/receiver.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using a2akit::PushNotification;
using a2akit::PushReceiver;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;
volatile std::sig_atomic_t stopped = 0;

void show(const PushNotification& notification) {
    std::cout << notification.task_id << " ";
    if (const auto* status =
            std::get_if<a2akit::TaskStatusUpdateEvent>(&notification.event.payload)) {
        std::cout << to_string(status->status.state);
    } else if (const auto* task = std::get_if<a2akit::Task>(&notification.event.payload)) {
        std::cout << to_string(task->status.state) << " " << task->text();
    } else {
        std::cout << "an artifact";
    }
    std::cout << std::endl;
}

int answer(PushReceiver& receiver, const PushReceiver::Headers& headers, const std::string& body) {
    const auto got = receiver.receive(headers, body);
    if (!got) return 401;
    if (!got->repeated) show(*got);
    return 204;
}

/// Reads one request. False: the connection ended, or the request is too long.
bool read_request(int connection, std::string& buffer, PushReceiver::Headers& headers,
                  std::string& body) {
    std::array<char, 4096> bytes{};
    std::size_t head = std::string::npos;
    std::size_t length = 0;
    while (head == std::string::npos || buffer.size() < head + 4 + length) {
        const ssize_t got = ::read(connection, bytes.data(), bytes.size());
        if (got <= 0 || buffer.size() > kMostBytes) return false;
        buffer.append(bytes.data(), static_cast<std::size_t>(got));
        if (head != std::string::npos) continue;
        head = buffer.find("\r\n\r\n");
        if (head == std::string::npos) continue;
        for (std::size_t at = buffer.find("\r\n") + 2; at < head;) {
            const std::size_t end = buffer.find("\r\n", at);
            const std::string line = buffer.substr(at, end - at);
            at = end + 2;
            const std::size_t colon = line.find(": ");
            if (colon == std::string::npos) continue;
            headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
            if (headers.back().first == "Content-Length")
                length = std::strtoul(headers.back().second.c_str(), nullptr, 10);
        }
    }
    body = buffer.substr(head + 4, length);
    buffer.erase(0, head + 4 + length);
    return true;
}

void serve(int connection, PushReceiver& receiver) {
    std::string buffer;
    PushReceiver::Headers headers;
    std::string body;
    while (read_request(connection, buffer, headers, body)) {
        const std::string status = std::to_string(answer(receiver, headers, body));
        const std::string response = "HTTP/1.1 " + status + " \r\nContent-Length: 0\r\n\r\n";
        if (::send(connection, response.data(), response.size(), MSG_NOSIGNAL) < 0) return;
        headers.clear();
    }
}

}  // namespace

int main() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGINT, &action, nullptr);

    const char* secret = std::getenv("WEBHOOK_SECRET");
    const char* port = std::getenv("A2AKIT_PORT");
    a2akit::PushReceiverOptions options;
    if (secret != nullptr) options.secrets.emplace_back(secret);
    PushReceiver receiver(options);

    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port != nullptr ? std::atoi(port) : 9000));
    socklen_t size = sizeof address;
    auto* place = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, place, size) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, place, &size) != 0) {
        std::cerr << "the port is taken\n";
        return 1;
    }
    std::cout << "listening at http://127.0.0.1:" << ntohs(address.sin_port) << std::endl;
    while (stopped == 0) {
        const int connection = ::accept(listener, nullptr, nullptr);
        if (connection < 0) continue;
        serve(connection, receiver);
        ::close(connection);
    }
    return 0;
}
