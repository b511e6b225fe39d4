#include "net/socket.hpp"

#include <boost/asio/error.hpp>

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <utility>

// The half of Socket that TLS needs. The session reads and writes the descriptor itself; Asio only
// says when that is possible.

namespace a2akit::net {

struct Socket::Tls {
    Tls(Socket& socket, std::unique_ptr<TlsSession> s) noexcept
        : session(std::move(s)), done(socket) {}

    /// Ends a read whose data was there already, from the loop's queue, as every read ends.
    struct Done : Work {
        explicit Done(Socket& s) noexcept
            : Work([](Work& work) noexcept {
                  auto& done = static_cast<Done&>(work);
                  done.socket.end_read(done.result.error, done.result.bytes);
              }),
              socket(s) {}
        Socket& socket;
        ReadResult result;
    };

    std::unique_ptr<TlsSession> session;
    std::span<char> into;
    Done done;
};

/// The socket can be read, or written, as the session's read needs it.
struct Socket::TlsReadable {
    using allocator_type = HandlerAllocator<char>;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return allocator_type(socket->read_memory_);
    }
    void operator()(const NetError& error) const { socket->continue_tls_read(error); }
    Socket* socket;
};

/// Awaiting it waits until the handshake can go on.
struct Socket::HandshakeStep {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        const auto direction =
            want == TlsSession::Want::kWrite ? TcpSocket::wait_write : TcpSocket::wait_read;
        socket.socket_.async_wait(direction, [this, handle](const NetError& outcome) {
            error = outcome;
            handle.resume();
        });
    }
    NetError await_resume() const noexcept { return error; }

    Socket& socket;
    TlsSession::Want want;
    NetError error = {};
};

Socket::Socket(TcpSocket socket, const TlsCredentials* credentials) : socket_(std::move(socket)) {
    if (credentials == nullptr) return;
    tls_ = std::make_unique<Tls>(*this, credentials->new_session(socket_.native_handle()));
}

Socket::~Socket() = default;

const TlsSession* Socket::tls() const noexcept { return tls_ ? tls_->session.get() : nullptr; }

Async<bool> Socket::shake_hands() {
    assert(tls_);
    for (;;) {
        const TlsSession::Outcome outcome = tls_->session->accept();
        if (outcome.bytes != 0) co_return true;
        if (outcome.want == TlsSession::Want::kNothing) co_return false;
        const NetError error = co_await HandshakeStep{*this, outcome.want};
        if (error) co_return false;
    }
}

bool Socket::take_tls_data(TlsSession::Want& want) {
    const TlsSession::Outcome outcome = tls_->session->read(tls_->into);
    want = outcome.want;
    if (want != TlsSession::Want::kNothing) return false;
    ReadResult& result = tls_->done.result;
    result = {{}, outcome.bytes};
    if (outcome.bytes == 0) {
        result.error = outcome.clean ? NetError(boost::asio::error::eof)
                                     : NetError(boost::asio::error::connection_reset);
    }
    return true;
}

void Socket::start_tls_read(std::span<char> into) {
    tls_->into = into;
    TlsSession::Want want{};
    if (!take_tls_data(want)) return wait_for_tls(want);
    Loop::current()->post(tls_->done);
}

void Socket::wait_for_tls(TlsSession::Want want) {
    const auto direction =
        want == TlsSession::Want::kWrite ? TcpSocket::wait_write : TcpSocket::wait_read;
    socket_.async_wait(direction, TlsReadable{this});
}

void Socket::continue_tls_read(const NetError& error) {
    if (error) return end_read(error, 0);
    TlsSession::Want want{};
    if (!take_tls_data(want)) return wait_for_tls(want);
    end_read(tls_->done.result.error, tls_->done.result.bytes);
}

std::size_t Socket::try_send_tls(std::string_view data, NetError& error) noexcept {
    TlsSession& session = *tls_->session;
    const std::uint64_t before = session.sent();
    std::size_t taken = 0;
    while (taken < data.size()) {
        const TlsSession::Outcome outcome = session.write(data.substr(taken));
        taken += outcome.bytes;
        if (outcome.want != TlsSession::Want::kNothing) break;
        if (outcome.bytes != 0) continue;
        error = boost::asio::error::broken_pipe;
        break;
    }
    sent_ += session.sent() - before;
    return taken;
}

void Socket::send_plain(std::string_view data) noexcept {
    ::send(socket_.native_handle(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    // Bytes that nobody has read would make the kernel reset the connection, and the peer might
    // never see what was sent.
    std::array<char, 16384> ignored;
    (void)::recv(socket_.native_handle(), ignored.data(), ignored.size(), MSG_DONTWAIT);
}

void Socket::shutdown_send() noexcept {
    if (tls_) tls_->session->shut_down();
    NetError ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

}  // namespace a2akit::net
