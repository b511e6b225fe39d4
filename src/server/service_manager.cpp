#include "server/service_manager.hpp"

#include <fmt/core.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace a2akit {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Result<std::optional<net::ListeningSocket>> take_activated_socket() {
    const auto meant_for = number(variable("LISTEN_PID"));
    const auto count = number(variable("LISTEN_FDS"));
    std::optional<net::ListeningSocket> none;
    if (meant_for != ::getpid() || !count || *count < 1) return none;
    // Neither another server of this process nor a child may take it for its own.
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    if (*count > 1) {
        return fail(ErrorCode::kInvalidParams,
                    fmt::format("LISTEN_FDS: this process was given {} sockets; a server listens "
                                "on one, so leave one ListenStream= in its socket unit",
                                *count));
    }
    auto socket = net::ListeningSocket::adopt(kFirstDescriptor);
    if (!socket) return fail(std::move(socket.error()));
    return std::optional(std::move(*socket));
}

ServiceManager::ServiceManager() : socket_(variable("NOTIFY_SOCKET")) {
    const auto within = number(variable("WATCHDOG_USEC"));
    const std::string_view pid = variable("WATCHDOG_PID");
    if (!within || *within <= 0 || (!pid.empty() && number(pid) != ::getpid())) return;
    interval_ = std::max(
        Duration(1), std::chrono::duration_cast<Duration>(std::chrono::microseconds(*within / 2)));
}

void ServiceManager::reloading() const {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

void ServiceManager::tell(std::string_view state) const {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (socket_.front() == '@') address.sun_path[0] = '\0';  // of the abstract namespace
    const int out = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (out < 0) return;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    (void)::sendto(out, state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), size);
    ::close(out);
}

void ServiceManager::start_watchdog() {
    if (interval_ && !socket_.empty()) group_.spawn(give_signs_of_life());
}

Async<void> ServiceManager::stop_watchdog() {
    stop_.set();
    co_await group_.join();
}

Async<void> ServiceManager::give_signs_of_life() {
    Loop& loop = *Loop::current();
    do {
        tell("WATCHDOG=1");
    } while (!co_await stop_.wait_until(loop.now() + *interval_));
}

}  // namespace a2akit
