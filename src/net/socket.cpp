#include "net/socket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace a2akit::net {

struct Socket::ReadDone {
    using allocator_type = HandlerAllocator<char>;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return allocator_type(socket->read_memory_);
    }
    void operator()(const NetError& error, std::size_t bytes) const noexcept {
        socket->end_read(error, bytes);
    }
    Socket* socket;
};

void Socket::end_read(const NetError& error, std::size_t bytes) noexcept {
    reading_ = false;
    read_ = {error, bytes};
    if (reader_)
        std::exchange(reader_, nullptr).resume();
    else if (notify_ != nullptr)
        notify_(notified_);
}

void Socket::start_read(std::span<char> into) {
    assert(!reading_);
    reading_ = true;
    if (tls_) return start_tls_read(into);
    socket_.async_read_some(boost::asio::mutable_buffer(into.data(), into.size()), ReadDone{this});
}

std::size_t Socket::try_send(std::string_view data, NetError& error) noexcept {
    if (tls_) return try_send_tls(data, error);
    for (;;) {
        const ssize_t sent =
            ::send(socket_.native_handle(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            sent_ += static_cast<std::uint64_t>(sent);
            return static_cast<std::size_t>(sent);
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) {
            error.assign(errno, boost::system::system_category());
        }
        return 0;
    }
}

struct Socket::Write::Ready {
    using allocator_type = FrameAllocator<char>;
    [[nodiscard]] static allocator_type get_allocator() noexcept { return {}; }
    void operator()(const NetError& error) const noexcept {
        write->error_ = error;
        if (!error && !write->await_ready()) return write->wait();
        std::exchange(write->writer_, nullptr).resume();
    }
    Write* write;
};

bool Socket::Write::await_ready() noexcept {
    rest_.remove_prefix(socket_.try_send(rest_, error_));
    return rest_.empty() || error_;
}

void Socket::Write::await_suspend(std::coroutine_handle<> handle) {
    writer_ = handle;
    wait();
}

void Socket::Write::wait() { socket_.socket_.async_wait(TcpSocket::wait_write, Ready{this}); }

void Socket::cancel() noexcept {
    NetError ignored;
    socket_.cancel(ignored);
}

AcceptedSocket::~AcceptedSocket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

TcpSocket AcceptedSocket::take(AsioLoop& loop, NetError& error) {
    TcpSocket socket(loop.context().get_executor());
    socket.assign(peer_.protocol(), descriptor_, error);
    if (!error) descriptor_ = -1;
    return socket;
}

bool Accept::await_ready() noexcept {
    sockaddr_storage address{};
    auto size = static_cast<socklen_t>(sizeof(address));
    const int accepted = ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&address),
                                   &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
        error.assign(errno, boost::system::system_category());
        return errno != EAGAIN && errno != EWOULDBLOCK;
    }
    // The peer of a Unix socket has no address, and is on this machine.
    Tcp::endpoint peer(boost::asio::ip::address_v4::loopback(), 0);
    if (address.ss_family != AF_UNIX) {
        size = std::min<socklen_t>(size, static_cast<socklen_t>(peer.capacity()));
        std::memcpy(peer.data(), &address, size);
        peer.resize(size);
    }
    error.clear();
    socket = AcceptedSocket(accepted, peer);
    return true;
}

void Accept::await_suspend(std::coroutine_handle<> handle) {
    acceptor.async_wait(TcpAcceptor::wait_read, [this, handle](const NetError& outcome) {
        if (!outcome && !await_ready()) return await_suspend(handle);
        if (outcome) error = outcome;
        handle.resume();
    });
}

}  // namespace a2akit::net
