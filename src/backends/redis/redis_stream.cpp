#include "backends/redis/redis_stream.hpp"

#include "backends/redis/redis_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>

#include <array>
#include <coroutine>
#include <string>

namespace a2akit::redis {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using net::NetError;

/// Awaits one operation of Asio's.
template <class Start>
class Operation {
public:
    explicit Operation(Start start) : start_(std::move(start)) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) {
        waiter_ = waiter;
        start_([this](const NetError& error, const auto&...) {
            error_ = error;
            waiter_.resume();
        });
    }
    NetError await_resume() const noexcept { return error_; }

private:
    Start start_;
    NetError error_;
    std::coroutine_handle<> waiter_;
};

struct Meaning {
    std::string_view sign;  ///< Part of OpenSSL's reason.
    std::string_view words;
};

constexpr std::array kTlsFailures{
    Meaning{
        "certificate verify failed",
        "the TLS certificate of Redis is not accepted; check the host name in the URL, and cafile"},
    Meaning{"wrong version number",
            "Redis does not speak TLS on this port; name its TLS port, or use redis:// instead of "
            "rediss://"},
    Meaning{"alert",
            "Redis does not accept the TLS certificate of this client; check certfile and keyfile "
            "in the URL"},
};

Error tls_error(const NetError& error) {
    const char* const reason = ::ERR_reason_error_string(static_cast<unsigned long>(error.value()));
    const std::string_view text = reason == nullptr ? "" : reason;
    for (const Meaning& failure : kTlsFailures) {
        if (text.find(failure.sign) != std::string_view::npos)
            return unavailable(std::string(failure.words));
    }
    return unavailable("the TLS connection to Redis failed; check port and certificates");
}

tl::unexpected<Error> unusable(std::string_view parameter) {
    return fail(
        ErrorCode::kInvalidParams,
        std::string(parameter) +
            ": the file of the Redis URL cannot be used; name a readable file in PEM format");
}

/// Trust and certificates, as the address says.
Result<void> prepare(ssl::context& context, const RedisAddress& address) {
    NetError error;
    context.set_verify_mode(ssl::verify_peer, error);
    if (address.ca_file.empty())
        context.set_default_verify_paths(error);
    else
        context.load_verify_file(address.ca_file, error);
    if (error) return unusable("cafile");
    if (address.certificate_file.empty()) return {};
    context.use_certificate_chain_file(address.certificate_file, error);
    if (error) return unusable("certfile");
    const std::string& key = address.key_file.empty() ? address.certificate_file : address.key_file;
    context.use_private_key_file(key, ssl::context::pem, error);
    if (error) return unusable("keyfile");
    return {};
}

}  // namespace

Error stream_error(const NetError& error) {
    if (error.category() == asio::error::get_ssl_category()) return tls_error(error);
    if (error == ssl::error::stream_truncated) return connection_lost();
    if (error == asio::error::host_not_found || error == asio::error::host_not_found_try_again ||
        error.category() == asio::error::get_netdb_category()) {
        return unavailable(
            "the host name of the Redis URL cannot be resolved; correct it or the name service");
    }
    if (error == asio::error::connection_refused) {
        return unavailable(
            "no server answers at the host and port of the Redis URL; start the server or correct "
            "them");
    }
    if (error == asio::error::host_unreachable || error == asio::error::network_unreachable ||
        error == asio::error::timed_out) {
        return unavailable(
            "the host of the Redis URL cannot be reached; check host, port and firewall");
    }
    return connection_lost();
}

AsyncResult<void> RedisStream::connect(const RedisAddress& address) {
    Resolver::results_type endpoints;
    Operation resolved([&](auto done) {
        resolver_.async_resolve(
            address.host, std::to_string(address.port), net::Tcp::resolver::numeric_service,
            [&endpoints, done](const NetError& error, Resolver::results_type found) {
                endpoints = std::move(found);
                done(error);
            });
    });
    NetError error = co_await resolved;
    if (error) co_return fail(stream_error(error));
    Operation connected([&](auto done) { asio::async_connect(socket_, endpoints, done); });
    error = co_await connected;
    if (error) co_return fail(stream_error(error));
    socket_.set_option(net::Tcp::no_delay(true), error);
    socket_.set_option(asio::socket_base::keep_alive(true), error);
    if (!address.tls) co_return Result<void>();
    co_return co_await secure(address);
}

AsyncResult<void> RedisStream::secure(const RedisAddress& address) {
    context_.emplace(ssl::context::tls_client);
    Result<void> prepared = prepare(*context_, address);
    if (!prepared) co_return prepared;
    tls_.emplace(socket_, *context_);
    NetError error;
    tls_->set_verify_callback(ssl::host_name_verification(address.host), error);
    asio::ip::make_address(address.host, error);
    // An address is not a host name, and must not be sent as one.
    if (error) SSL_set_tlsext_host_name(tls_->native_handle(), address.host.c_str());
    Operation shaken([&](auto done) { tls_->async_handshake(ssl::stream_base::client, done); });
    shakes_hands_ = true;
    error = co_await shaken;
    shakes_hands_ = false;
    if (error == asio::error::eof || error == ssl::error::stream_truncated ||
        error == asio::error::connection_reset) {
        co_return fail(
            unavailable("Redis ended the TLS handshake; check that the port speaks TLS"));
    }
    if (error) co_return fail(stream_error(error));
    co_return Result<void>();
}

void RedisStream::close() noexcept {
    NetError ignored;
    resolver_.cancel();
    socket_.close(ignored);
}

}  // namespace a2akit::redis
