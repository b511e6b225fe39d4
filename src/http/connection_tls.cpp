#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/connection.hpp"

namespace a2akit::http {
namespace {

constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    "Content-Length: 42\r\n\r\nThis port speaks HTTPS. Use an https URL.\n";

}  // namespace

Async<bool> Connection::shake_hands() {
    const net::TlsSession& session = *socket_.tls();
    wait_in(Phase::kReading, shard_.options.header_timeout);
    const bool done = co_await socket_.shake_hands();
    phase_ = Phase::kWorking;
    if (done && !timed_out_) {
        client_certificate_ = session.client_name();
        co_return true;
    }
    if (session.met_plain_http()) socket_.send_plain(kNotTls);
    log::debug("a TLS handshake failed remote={} reason={}", peer_,
               quoted(session.failure().empty() ? "the time is up" : session.failure()));
    co_return false;
}

}  // namespace a2akit::http
