#include "http/connection.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

namespace a2akit::http {
namespace {

constexpr auto kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = std::size_t{1} << 20U;
constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    "Content-Length: 42\r\n\r\nThis port speaks HTTPS. Use an https URL.\n";

}  // namespace

Connection::Connection(LoopState& state, net::TcpSocket socket, std::string peer, Permit permit,
                       security::AddressSlots::Slot address_slot)
    : permit_(std::move(permit)),
      address_slot_(std::move(address_slot)),
      link_(state, std::move(socket), *this),
      intake_(link_, *this, std::move(peer)),
      answering_(link_, intake_),
      streaming_(link_, intake_.exchange()) {
    state.connections.push_back(*this);
}

Async<void> Connection::run(std::unique_ptr<Connection> connection) {
    try {
        co_await connection->serve();
    } catch (const std::exception& e) {
        log::error("connection ended by an exception error={}", quoted(e.what()));
    }
    co_await connection->close();
}

Async<void> Connection::serve() {
    if (link_.socket().tls() != nullptr && !co_await shake_hands()) {
        link_.set_broken();
        co_return;
    }
    for (;;) {
        const bool answerable = co_await intake_.read_request();
        if (!answerable) co_return;
        co_await answering_.answer();
        link_.client().answered();
        link_.release_unsent();
        if (auto stream = answering_.take_stream()) {
            intake_.rest();
            co_await streaming_.run(std::move(stream));
        }
        if (link_.broken() || link_.aborted() || !intake_.exchange().keep_alive ||
            link_.state().draining) {
            co_return;
        }
        intake_.next();
    }
}

Async<bool> Connection::shake_hands() {
    const net::TlsSession& session = *link_.socket().tls();
    link_.wait_in(Link::Phase::kReading, link_.options().header_timeout);
    const bool done = co_await link_.socket().shake_hands();
    link_.work();
    if (done && !link_.timed_out()) {
        intake_.set_client_certificate(session.client_name());
        co_return true;
    }
    if (session.met_plain_http()) link_.socket().send_plain(kNotTls);
    log::debug("a TLS handshake failed remote={} reason={}", intake_.peer(),
               quoted(session.failure().empty() ? "the time is up" : session.failure()));
    co_return false;
}

void Connection::on_deadline(Link::Phase phase, SteadyTime now) noexcept {
    if (phase == Link::Phase::kAnswering)
        answering_.on_slow_answer(now);
    else
        streaming_.on_heartbeat();
}

void Connection::drain() noexcept {
    if (link_.phase() == Link::Phase::kIdle)
        abort();
    else
        streaming_.wake();
}

void Connection::abort() noexcept {
    link_.abort();
    streaming_.wake();
}

Async<void> Connection::close() {
    net::Socket& socket = link_.socket();
    if (socket.reading()) {
        socket.cancel();
        co_await socket.read_end();
    }
    intake_.close();
    if (!intake_.exchange().lingering || link_.broken() || link_.aborted()) co_return;
    // Closing with unread bytes would reset the connection, and the client might never see why.
    socket.shutdown_send();
    link_.wait_in(Link::Phase::kClosing, kLinger);
    for (std::size_t left = kLingerBytes; left > 0 && !link_.timed_out();) {
        const net::Socket::ReadResult result = co_await socket.read(link_.state().ignored);
        if (result.error || result.bytes == 0) break;
        left -= std::min(left, result.bytes);
    }
}

}  // namespace a2akit::http
