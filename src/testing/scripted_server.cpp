#include <a2akit/testing/scripted_server.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <list>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace a2akit::testing {
namespace {

constexpr std::size_t kMaxHeadBytes = 1U << 20U;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class Connection final : public ScriptedConnection {
public:
    explicit Connection(int socket) noexcept : socket_(socket) {}

    bool send(std::string_view bytes) override {
        while (!bytes.empty()) {
            const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }
    void trickle(std::string_view bytes) override {
        constexpr int kPauseMs = 10;
        pollfd closed{.fd = socket_, .events = POLLIN, .revents = 0};
        while (send(bytes)) {
            char ignored[256];
            if (::poll(&closed, 1, kPauseMs) > 0 &&
                ::recv(socket_, ignored, sizeof ignored, 0) <= 0)
                return;
        }
    }
    std::string receive() override {
        std::string bytes;
        receive(bytes);
        return bytes;
    }
    void wait_for_close() override {
        char ignored[256];
        while (::recv(socket_, ignored, sizeof ignored, 0) > 0) {
        }
    }
    void reset() override {
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }

    std::optional<ScriptedRequest> read() {
        ScriptedRequest request;
        std::string bytes;
        std::size_t end = std::string::npos;
        while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
            if (bytes.size() > kMaxHeadBytes || !receive(bytes)) return std::nullopt;
        }
        request.head = bytes.substr(0, end + 2);
        request.body = bytes.substr(end + 4);
        const std::string length = request.header("Content-Length");
        std::size_t wanted = 0;
        std::from_chars(length.data(), length.data() + length.size(), wanted);
        while (request.body.size() < wanted) {
            if (!receive(request.body)) return std::nullopt;
        }
        return request;
    }

private:
    bool receive(std::string& bytes) const {
        char piece[16384];
        const ssize_t size = ::recv(socket_, piece, sizeof piece, 0);
        if (size <= 0) return false;
        bytes.append(piece, static_cast<std::size_t>(size));
        return true;
    }

    int socket_;
};

}  // namespace

std::string ScriptedRequest::header(std::string_view name) const {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos && at + 2 < head.size()) {
        at += 2;
        const std::size_t end = head.find("\r\n", at);
        const std::string_view line = std::string_view(head).substr(at, end - at);
        if (line.size() > name.size() && line[name.size()] == ':' &&
            std::equal(name.begin(), name.end(), line.begin(), same)) {
            std::string_view value = line.substr(name.size() + 1);
            while (value.starts_with(' ')) value.remove_prefix(1);
            return std::string(value);
        }
        at = end;
    }
    return {};
}

std::string ScriptedRequest::line() const { return head.substr(0, head.find(" HTTP/")); }

bool ScriptedConnection::respond(std::string_view status, std::string_view content_type,
                                 std::string_view body) {
    std::string bytes("HTTP/1.1 ");
    bytes.append(status).append("\r\nContent-Type: ").append(content_type);
    bytes.append("\r\nConnection: close\r\nContent-Length: ");
    bytes.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    return send(bytes);
}

bool ScriptedConnection::begin_stream() {
    return send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n");
}

bool ScriptedConnection::send_event(std::string_view id, std::string_view data) {
    std::string bytes;
    if (!id.empty()) bytes.append("id: ").append(id).append("\n");
    return send(bytes.append("data: ").append(data).append("\n\n"));
}

class ScriptedServer::Impl {
public:
    explicit Impl(Script script)
        : script_(std::move(script)),
          listener_(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        checked(::bind(listener_, generic, size), "bind");
        checked(::listen(listener_, 128), "listen");
        checked(::getsockname(listener_, generic, &size), "getsockname");
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept(); });
    }
    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
        }
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        for (std::thread& thread : threads_) thread.join();
        ::close(listener_);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::size_t requests() const noexcept { return requests_; }

private:
    void accept() {
        for (;;) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const std::lock_guard lock(mutex_);
            if (stopping_) {
                ::close(socket);
                return;
            }
            open_.insert(socket);
            threads_.emplace_back([this, socket] { serve(socket); });
        }
    }
    void serve(int socket) {
        Connection connection(socket);
        if (auto request = connection.read()) {
            request->number = requests_++;
            script_(*request, connection);
        }
        const std::lock_guard lock(mutex_);
        open_.erase(socket);
        ::close(socket);
    }

    const Script script_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> requests_ = 0;
    std::mutex mutex_;
    bool stopping_ = false;
    std::set<int> open_;
    std::list<std::thread> threads_;  ///< Joined at the end: a test makes few requests.
    std::thread acceptor_;
};

ScriptedServer::ScriptedServer(Script script) : impl_(std::make_unique<Impl>(std::move(script))) {}
ScriptedServer::~ScriptedServer() = default;

std::string ScriptedServer::url() const {
    return "http://127.0.0.1:" + std::to_string(impl_->port());
}

std::string ScriptedServer::card(std::string_view binding, std::string_view version) const {
    std::string json(R"({"name":"Scripted","description":"A test's own agent.","version":"1",)");
    json.append(R"("capabilities":{"streaming":true},"skills":[],)");
    json.append(R"("defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],)");
    json.append(R"("supportedInterfaces":[{"url":")").append(url());
    json.append(R"(","protocolBinding":")").append(binding);
    json.append(R"(","protocolVersion":")").append(version).append(R"("}]})");
    return json;
}

std::size_t ScriptedServer::requests() const noexcept { return impl_->requests(); }

}  // namespace a2akit::testing
