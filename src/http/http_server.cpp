#include "http/http_server.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/connection.hpp"

#include <boost/asio/ip/address.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

namespace a2akit::http {
namespace {

using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using UnsentAtMost = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
using net::NetError;
using net::Tcp;

constexpr int kBacklog = 4096;
// The kernel would keep megabytes for a client that reads slowly, and hide from us that it reads at all.
constexpr int kMostUnsent = 64 * 1024;
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Whether only the connection that was to be accepted has failed (accept(2) hands its network
/// errors on); anything else would fail again at once.
bool concerns_one_client(const NetError& error) {
    using namespace boost::system::errc;
    for (const auto one :
         {connection_aborted, connection_reset, interrupted, network_down, protocol_error,
          no_protocol_option, host_unreachable, network_unreachable}) {
        if (error == one) return true;
    }
    return false;
}

NetError open(net::TcpAcceptor& acceptor, const Tcp::endpoint& endpoint, bool shared) {
    NetError error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::TcpAcceptor::reuse_address(true), error);
    if (!error && shared) acceptor.set_option(ReusePort(true), error);
    // Inherited by the accepted sockets.
    if (!error) acceptor.set_option(Tcp::no_delay(true), error);
    if (!error) acceptor.set_option(UnsentAtMost(kMostUnsent), error);
    if (!error) acceptor.bind(endpoint, error);
    return error;
}

}  // namespace

struct HttpServer::Listener {
    Listener(net::AsioLoop& loop, const Options& options, Site& site, Counters& counters)
        : shard(loop, options, site, counters), acceptor(loop.context().get_executor()) {}

    Async<void> accept_all();
    void admit(net::TcpSocket socket, const Tcp::endpoint& peer);
    Async<void> start();
    Async<void> drain();
    Async<void> join(Duration at_most);

    struct AbortTimer : Timer {
        explicit AbortTimer(Shard& s) noexcept
            : Timer([](Timer& t) noexcept {
                  auto& all = static_cast<AbortTimer&>(t).shard.connections;
                  for (auto next = all.begin(); next != all.end();) (next++)->abort();
              }),
              shard(s) {}
        Shard& shard;
    };

    Shard shard;
    net::TcpAcceptor acceptor;
    TaskGroup accepting;
};

Async<void> HttpServer::Listener::accept_all() {
    while (!shard.draining) {
        net::Accept accept(acceptor, shard.loop);
        const NetError error = co_await accept;
        if (shard.draining) co_return;
        if (!error) {
            admit(std::move(accept.socket), accept.peer);
        } else if (!concerns_one_client(error)) {
            log::warn("cannot accept a connection error={}", quoted(error.message()));
            co_await sleep_for(std::chrono::milliseconds(100));
        }
    }
}

void HttpServer::Listener::admit(net::TcpSocket socket, const Tcp::endpoint& peer) {
    Slot slot = Slot::take(shard.counters.connections, shard.options.max_connections);
    if (!slot) {
        ::send(socket.native_handle(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        return;
    }
    shard.connections_group.spawn(Connection::run(std::make_unique<Connection>(
        shard, std::move(socket), peer.address().to_string(), std::move(slot))));
}

Async<void> HttpServer::Listener::start() {
    accepting.spawn(accept_all());
    co_return;
}

Async<void> HttpServer::Listener::drain() {
    if (shard.draining) co_return;
    shard.draining = true;
    NetError ignored;
    acceptor.close(ignored);
    co_await accepting.join();
    for (auto next = shard.connections.begin(); next != shard.connections.end();) (next++)->drain();
}

Async<void> HttpServer::Listener::join(Duration at_most) {
    co_await drain();
    AbortTimer abort(shard);
    abort.start(shard.loop, shard.loop.now() + at_most);
    co_await shard.connections_group.join();
}

HttpServer::HttpServer(net::LoopGroup& loops, Options options, Site& site)
    : loops_(loops), options_(std::move(options)), counters_(options_) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
        listeners_.push_back(std::make_unique<Listener>(loops[i], options_, site, counters_));
    }
}

HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen(const std::string& host, std::uint16_t port) {
    NetError error;
    const auto address = boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error) {
        return fail(ErrorCode::kInvalidParams,
                    "host \"" + host + "\" is no IP address; use one of this machine, or localhost");
    }
    Tcp::endpoint endpoint(address, port);
    const auto refused = [&endpoint](const NetError& why) {
        return fail(ErrorCode::kUnavailable, "cannot listen on " + endpoint.address().to_string() + " port " +
                                                 std::to_string(endpoint.port()) + ": " + why.message());
    };
    const bool shared = listeners_.size() > 1;
    if (shared && port != 0) {
        // A port that is shared among our loops could be shared with a stranger unnoticed: look first.
        net::TcpAcceptor probe(loops_[0].context().get_executor());
        if ((error = open(probe, endpoint, false))) return refused(error);
    }
    for (const auto& listener : listeners_) {
        if ((error = open(listener->acceptor, endpoint, shared))) return refused(error);
        endpoint.port(listener->acceptor.local_endpoint().port());
    }
    for (const auto& listener : listeners_) {
        listener->acceptor.listen(kBacklog, error);
        if (error) return refused(error);
    }
    return endpoint.port();
}

void HttpServer::serve() {
    for (const auto& listener : listeners_) net::run_on(listener->shard.loop, listener->start());
}

// All at the same time: one that a handler blocks holds up none of the others.
void HttpServer::drain() {
    std::vector<std::pair<Loop*, Async<void>>> all;
    for (const auto& listener : listeners_)
        all.emplace_back(&listener->shard.loop, listener->drain());
    net::run_on_each(std::move(all));
}

void HttpServer::stop(Duration at_most) {
    std::vector<std::pair<Loop*, Async<void>>> all;
    for (const auto& listener : listeners_)
        all.emplace_back(&listener->shard.loop, listener->join(at_most));
    net::run_on_each(std::move(all));
}

}  // namespace a2akit::http
