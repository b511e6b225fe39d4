#include "cli/transport_plugin.hpp"

#include "cli/failure.hpp"
#include "cli/plugin.hpp"
#include "json/cursor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

extern char** environ;

namespace a2akit::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::seconds kEndLimit{2};
constexpr std::size_t kMaxHandshake = 64U << 10U;

Failure failed(const std::string& program, const std::string& why) {
    return Failure(LocalError::kUnreachable, "the transport plugin " + program + ' ' + why);
}

struct Handshake {
    bool success = false;
    std::string error;
    std::string address;
    std::string binding;
    std::string protocol;
    std::string token;
    std::string certificate;
};

bool read_endpoint(json::Cursor& cursor, Handshake& handshake) {
    return cursor.object([&](std::string_view key) {
        if (key == "address") return cursor.string(handshake.address);
        if (key == "binding") return cursor.string(handshake.binding);
        if (key == "protocol") return cursor.string(handshake.protocol);
        if (key == "token") return cursor.string(handshake.token);
        if (key == "certPem") return cursor.string(handshake.certificate);
        return cursor.skip();
    });
}

/// The official documentation says "endpoint", and the official plugins write "payload".
std::optional<Handshake> read_handshake(std::string_view line) {
    Handshake handshake;
    json::Cursor cursor(line, json::Mode::kLenient, json::kReadBack);
    (void)cursor.object([&](std::string_view key) {
        if (key == "success") return cursor.boolean(handshake.success);
        if (key == "error") return cursor.string(handshake.error);
        const bool is_endpoint = key == "payload" || key == "endpoint";
        if (is_endpoint && cursor.kind() == json::Kind::kObject)
            return read_endpoint(cursor, handshake);
        return cursor.skip();
    });
    if (!cursor.finish()) return std::nullopt;
    return handshake;
}

std::string standard_binding(std::string name) {
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return name == "REST" ? "HTTP+JSON" : name;
}

bool is_on_loopback(std::string_view address) {
    const std::size_t scheme = address.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string_view name = address.substr(0, scheme);
    if (name != "http" && name != "https") return false;
    std::string_view host = address.substr(scheme + 3);
    host = host.substr(0, host.find_first_of("/?#"));
    if (host.find('@') != std::string_view::npos) return false;
    if (host.starts_with("[::1]")) return true;
    host = host.substr(0, host.find(':'));
    return host == "127.0.0.1" || host == "localhost";
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() { close(); }
    void close() noexcept {
        if (number_ >= 0) ::close(std::exchange(number_, -1));
    }
    [[nodiscard]] int get() const noexcept { return number_; }

private:
    int number_ = -1;
};

struct Pipe {
    explicit Pipe(const std::string& program) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            throw failed(program, std::string("can't be started: ") + std::strerror(errno));
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
    Descriptor read;
    Descriptor write;
};

pid_t start(const std::string& program, const std::string& endpoint, const Pipe& in,
            const Pipe& out) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    std::array<std::string, 4> words{program, "serve", "--endpoint", endpoint};
    std::array<char*, 5> arguments{words[0].data(), words[1].data(), words[2].data(),
                                   words[3].data(), nullptr};
    pid_t process = -1;
    const int fault =
        ::posix_spawn(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (fault != 0) throw failed(program, std::string("can't be started: ") + std::strerror(fault));
    return process;
}

/// The first line that the plugin prints.
std::string first_line(const std::string& program, int out) {
    const auto end = Clock::now() + kStartLimit;
    std::string line;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd watched{out, POLLIN, 0};
        const int ready = left > 0 ? ::poll(&watched, 1, static_cast<int>(left)) : 0;
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) throw failed(program, "did not report within 30 s that it listens");
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(out, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw failed(program, "ended without reporting where it listens");
        line.append(buffer.data(), static_cast<std::size_t>(count));
        if (const std::size_t newline = line.find('\n'); newline != std::string::npos)
            return line.substr(0, newline);
        if (line.size() > kMaxHandshake) throw failed(program, "reports more than 64 KiB");
    }
}

/// Whether the process has ended within `limit`. False as well where that cannot be watched.
bool ends_within(pid_t process, std::chrono::milliseconds limit) {
    const Descriptor watch(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (watch.get() < 0) return false;
    const auto end = Clock::now() + limit;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return false;
        pollfd watched{watch.get(), POLLIN, 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

}  // namespace

struct TransportPlugin::State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        in.close();
        if (process <= 0) return;
        if (!ends_within(process, kEndLimit)) ::kill(process, SIGKILL);
        while (::waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
        }
    }

    pid_t process = -1;
    Descriptor in;
    /// Kept open: a plugin that prints more must not be ended by SIGPIPE.
    Descriptor out;
    Descriptor certificate;
    AgentInterface interface;
    std::string token;
    std::string certificate_file;
};

TransportPlugin::TransportPlugin(const std::string& program, const AgentInterface& wanted)
    : state_(std::make_unique<State>()) {
    Pipe in(program);
    Pipe out(program);
    state_->process = start(program, wanted.url, in, out);
    state_->in = std::move(in.write);
    state_->out = std::move(out.read);
    in.read.close();
    out.write.close();
    auto handshake = read_handshake(first_line(program, state_->out.get()));
    if (!handshake) throw failed(program, "reports something that is not a JSON object");
    if (!handshake->success) {
        throw failed(program,
                     "failed: " + (handshake->error.empty() ? std::string("no reason given")
                                                            : handshake->error));
    }
    const std::string binding = standard_binding(handshake->binding);
    if (binding != "JSONRPC" && binding != "HTTP+JSON")
        throw failed(program, "speaks " + handshake->binding + "; jsonrpc or rest is needed");
    if (!is_on_loopback(handshake->address)) {
        throw failed(program, "listens at " + handshake->address +
                                  "; an http or https address of this machine is needed");
    }
    state_->interface = {handshake->address, binding, wanted.tenant, handshake->protocol};
    state_->token = std::move(handshake->token);
    if (handshake->certificate.empty()) return;
    state_->certificate = Descriptor(::memfd_create("certificate", MFD_CLOEXEC));
    const int file = state_->certificate.get();
    const auto size = static_cast<ssize_t>(handshake->certificate.size());
    if (file < 0 ||
        ::write(file, handshake->certificate.data(), handshake->certificate.size()) != size)
        throw failed(program, "gave a certificate that can't be stored");
    state_->certificate_file = "/proc/self/fd/" + std::to_string(file);
}

TransportPlugin::TransportPlugin(TransportPlugin&&) noexcept = default;
TransportPlugin::~TransportPlugin() = default;

const AgentInterface& TransportPlugin::interface() const noexcept { return state_->interface; }
const std::string& TransportPlugin::token() const noexcept { return state_->token; }
const std::string& TransportPlugin::certificate_file() const noexcept {
    return state_->certificate_file;
}

std::optional<std::string> enabled_transport(std::string_view name) {
    return enabled_plugin("transport-" + std::string(name));
}

}  // namespace a2akit::cli
