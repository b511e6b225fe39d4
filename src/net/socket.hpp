#pragma once

#include "net/asio_loop.hpp"
#include "net/handler_memory.hpp"
#include "net/tls.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace a2akit::net {

using Tcp = boost::asio::ip::tcp;
using TcpSocket = boost::asio::basic_stream_socket<Tcp, AsioLoop::Executor>;
using TcpAcceptor = boost::asio::basic_socket_acceptor<Tcp, AsioLoop::Executor>;
using NetError = boost::system::error_code;

/// A connected TCP socket, with TLS or without: at most one read and one write at a time. Reading
/// allocates nothing; a write that has to wait takes memory from the frames' pool. Belongs to one
/// loop. REQUIRES: nothing is under way when it is destroyed.
class Socket {
public:
    /// Plain TCP when `credentials` is null; otherwise `shake_hands` comes before everything else.
    explicit Socket(TcpSocket socket, const TlsCredentials* credentials = nullptr);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    /// The TLS session; null without TLS.
    [[nodiscard]] const TlsSession* tls() const noexcept;
    /// Returns when the session can be used. False: it failed (TlsSession::failure), or was
    /// cancelled. REQUIRES: has TLS.
    Async<bool> shake_hands();

    struct ReadResult {
        NetError error;
        std::size_t bytes = 0;
    };
    /// Called when a read ends for which no coroutine waits.
    using Notify = void (*)(void* who) noexcept;

    /// Starts a read; `into` stays valid until it has ended. REQUIRES: none is under way.
    void start_read(std::span<char> into);
    [[nodiscard]] bool reading() const noexcept { return reading_; }
    void notify(Notify notify, void* who) noexcept {
        notify_ = notify;
        notified_ = who;
    }
    /// The result of the last read that ended.
    [[nodiscard]] const ReadResult& last_read() const noexcept { return read_; }

    struct [[nodiscard]] ReadEnd {
        Socket& socket;
        bool await_ready() const noexcept { return !socket.reading_; }
        void await_suspend(std::coroutine_handle<> handle) noexcept { socket.reader_ = handle; }
        ReadResult await_resume() const noexcept { return socket.read_; }
    };
    /// Waits for the read that is under way.
    ReadEnd read_end() noexcept { return {*this}; }
    ReadEnd read(std::span<char> into) {
        start_read(into);
        return {*this};
    }

    /// Sends as many bytes as the kernel accepts immediately. Returns how many; 0 and `error` set
    /// when the peer has gone.
    std::size_t try_send(std::string_view data, NetError& error) noexcept;

    class [[nodiscard]] Write {
    public:
        Write(Socket& socket, std::string_view data) noexcept : socket_(socket), rest_(data) {}
        bool await_ready() noexcept;
        void await_suspend(std::coroutine_handle<> handle);
        NetError await_resume() const noexcept { return error_; }

    private:
        struct Ready;
        void wait();
        Socket& socket_;
        std::string_view rest_;
        NetError error_;
        std::coroutine_handle<> writer_;
    };
    /// Sends all of `data`, which stays valid meanwhile.
    Write write(std::string_view data) noexcept { return {*this, data}; }
    /// Grows with every byte sent: whether a slow peer still reads.
    [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
    /// Sends as many bytes as the kernel accepts, past TLS: for a peer that speaks plain HTTP.
    void send_plain(std::string_view data) noexcept;

    /// Ends pending reads and writes with operation_aborted.
    void cancel() noexcept;
    /// Says that nothing more is sent; the peer's bytes may still be read.
    void shutdown_send() noexcept;

private:
    struct ReadDone;
    struct Tls;
    struct TlsReadable;
    struct HandshakeStep;

    void end_read(const NetError& error, std::size_t bytes) noexcept;
    void start_tls_read(std::span<char> into);
    void wait_for_tls(TlsSession::Want want);
    void continue_tls_read(const NetError& error);
    /// False: no record is there; `wait_for_tls` says when to try again.
    [[nodiscard]] bool take_tls_data(TlsSession::Want& want);
    std::size_t try_send_tls(std::string_view data, NetError& error) noexcept;

    TcpSocket socket_;
    std::unique_ptr<Tls> tls_;  ///< Null without TLS. Ends before the socket, to say goodbye.
    std::uint64_t sent_ = 0;
    bool reading_ = false;
    ReadResult read_;
    std::coroutine_handle<> reader_;
    Notify notify_ = nullptr;
    void* notified_ = nullptr;
    HandlerMemory read_memory_;
};

/// A connection that was accepted and does not belong to a loop yet. Movable; closes the connection
/// unless it was taken over.
class AcceptedSocket {
public:
    AcceptedSocket() noexcept = default;
    AcceptedSocket(int descriptor, const Tcp::endpoint& peer) noexcept
        : descriptor_(descriptor), peer_(peer) {}
    AcceptedSocket(AcceptedSocket&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), peer_(other.peer_) {}
    AcceptedSocket& operator=(AcceptedSocket&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(peer_, other.peer_);
        return *this;
    }
    ~AcceptedSocket();

    /// Of a Unix socket: 127.0.0.1, port 0.
    [[nodiscard]] const Tcp::endpoint& peer() const noexcept { return peer_; }
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// Makes it a socket of `loop`; with an error it stays as it was.
    TcpSocket take(AsioLoop& loop, NetError& error);

private:
    int descriptor_ = -1;
    Tcp::endpoint peer_;
};

/// Waits for the next connection. REQUIRES: `acceptor` does not block (native_non_blocking).
struct [[nodiscard]] Accept {
    explicit Accept(TcpAcceptor& a) : acceptor(a) {}
    bool await_ready() noexcept;
    void await_suspend(std::coroutine_handle<> handle);
    NetError await_resume() const noexcept { return error; }

    TcpAcceptor& acceptor;
    AcceptedSocket socket;  ///< Afterwards: the connection.
    NetError error;
};

}  // namespace a2akit::net
