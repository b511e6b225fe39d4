#pragma once

#include "backends/redis/redis_address.hpp"
#include "net/socket.hpp"

#include <a2akit/core/async.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace a2akit::redis {

/// The bytes between the server and us: TCP, with TLS where the address wants it, the server's
/// certificate and host name verified. Belongs to one loop. REQUIRES: nothing is under way when it
/// is destroyed.
class RedisStream {
public:
    explicit RedisStream(net::AsioLoop& loop)
        : resolver_(loop.context().get_executor()), socket_(loop.context().get_executor()) {}

    /// kUnavailable, in words for an operator. Once; ended early by `close`.
    AsyncResult<void> connect(const RedisAddress& address);

    /// `handler(error, bytes)`
    template <class Handler>
    void read(std::span<char> into, Handler handler) {
        const boost::asio::mutable_buffer buffer(into.data(), into.size());
        if (tls_)
            tls_->async_read_some(buffer, std::move(handler));
        else
            socket_.async_read_some(buffer, std::move(handler));
    }
    /// All of `data`; `handler(error, bytes)`.
    template <class Handler>
    void write(std::string_view data, Handler handler) {
        const boost::asio::const_buffer buffer(data.data(), data.size());
        if (tls_)
            boost::asio::async_write(*tls_, buffer, std::move(handler));
        else
            boost::asio::async_write(socket_, buffer, std::move(handler));
    }
    /// TLS is being agreed on.
    [[nodiscard]] bool shakes_hands() const noexcept { return shakes_hands_; }
    /// Ends what is under way with an error.
    void close() noexcept;

private:
    using Resolver = boost::asio::ip::basic_resolver<net::Tcp, net::AsioLoop::Executor>;

    AsyncResult<void> secure(const RedisAddress& address);

    Resolver resolver_;
    net::TcpSocket socket_;
    bool shakes_hands_ = false;
    std::optional<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<net::TcpSocket&>> tls_;
};

/// Turns an error of such a stream into one line that says what to do.
[[nodiscard]] Error stream_error(const net::NetError& error);

}  // namespace a2akit::redis
