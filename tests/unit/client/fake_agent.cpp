#include "fake_agent.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace a2akit::client {
namespace {

std::string read_request(int connection) {
    std::string request;
    std::size_t wanted = std::string::npos;
    char bytes[4096];
    while (request.size() < wanted) {
        const ssize_t size = ::recv(connection, bytes, sizeof bytes, 0);
        if (size <= 0) break;
        request.append(bytes, static_cast<std::size_t>(size));
        const std::size_t head_end = request.find("\r\n\r\n");
        if (wanted != std::string::npos || head_end == std::string::npos) continue;
        const std::size_t length = request.find("Content-Length: ");
        wanted = head_end + 4;
        if (length < head_end) wanted += std::strtoul(request.c_str() + length + 16, nullptr, 10);
    }
    return request;
}

}  // namespace

FakeAgent::FakeAgent(std::function<std::string(const std::string&)> answer)
    : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, generic, &size) != 0) {
        throw std::runtime_error("the fake agent can't listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

FakeAgent::~FakeAgent() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

void FakeAgent::serve() {
    for (;;) {
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) return;
        std::string request = read_request(connection);
        const std::string answer = answer_(request);
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(std::move(request));
        }
        std::size_t sent = 0;
        while (sent < answer.size()) {
            const ssize_t size =
                ::send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (size <= 0) break;
            sent += static_cast<std::size_t>(size);
        }
        ::close(connection);
    }
}

std::string FakeAgent::request(std::size_t number) const {
    const std::lock_guard lock(mutex_);
    return requests_.at(number);
}

std::string FakeAgent::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::string FakeAgent::card(const std::string& binding, const std::string& tenant) const {
    return R"({"name":"Fake","description":"d","version":"1","capabilities":{"streaming":true},"skills":[],)"
           R"("defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"supportedInterfaces":[{"url":")" +
           url() + R"(","protocolBinding":")" + binding +
           R"(","protocolVersion":"1.0","tenant":")" + tenant + R"("}]})";
}

std::string http_answer(const std::string& status, const std::string& type,
                        const std::string& body) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: " + type +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
}

std::string event_stream(const std::string& events) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" +
           events;
}

}  // namespace a2akit::client
