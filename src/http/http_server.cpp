#include "http/http_server.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/connection.hpp"

#include <boost/asio/ip/address.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace a2akit::http {
namespace {

using UnsentAtMost = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
using net::NetError;
using net::Tcp;

constexpr int kBacklog = 4096;
// A loop that has not taken a connection for this long is held by a handler; another loop takes the
// connection.
constexpr Duration kTakeWithin(20);
constexpr Duration kAfterFailure(100);
// The acceptor's loop does its other work in between.
constexpr int kAcceptsPerTurn = 64;
// The kernel would buffer megabytes for a client that reads slowly, and hide from us whether it
// reads.
constexpr int kMostUnsent = 64 * 1024;
constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: "
    "0\r\n\r\n";

/// Whether only the connection that was to be accepted has failed (accept(2) hands its network
/// errors on); any other error would occur again immediately.
bool concerns_one_client(const NetError& error) {
    using namespace boost::system::errc;
    for (const auto one :
         {connection_aborted, connection_reset, interrupted, network_down, protocol_error,
          no_protocol_option, host_unreachable, network_unreachable}) {
        if (error == one) return true;
    }
    return false;
}

NetError open(net::TcpAcceptor& acceptor, const Tcp::endpoint& endpoint) {
    NetError error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(net::TcpAcceptor::reuse_address(true), error);
    if (!error) acceptor.native_non_blocking(true, error);
    // Inherited by the accepted sockets.
    if (!error) acceptor.set_option(Tcp::no_delay(true), error);
    if (!error) acceptor.set_option(UnsentAtMost(kMostUnsent), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    return error;
}

}  // namespace

/// The connections of one loop. The acceptor gives them to it, and may take back those that the
/// loop has not begun to serve.
struct HttpServer::Connections {
    struct Arrival {
        net::AcceptedSocket socket;
        Permit permit;
        security::AddressSlots::Slot address_slot;
    };

    Connections(net::AsioLoop& loop, const Options& options, Site& site, Load& load)
        : state(loop, options, site, load) {}

    // -- On the acceptor's loop:
    void give(Arrival arrival);
    std::vector<Arrival> take_back();
    /// Whether the loop has not looked for arrivals although it was asked to.
    [[nodiscard]] bool is_held(SteadyTime now);
    [[nodiscard]] bool has_arrivals();

    // -- On the loop of these connections:
    void take_arrivals() noexcept;
    void admit(Arrival arrival);
    Async<void> drain();
    Async<void> join(Duration at_most);

    struct TakeArrivals : Work {
        explicit TakeArrivals(Connections& c) noexcept
            : Work([](Work& w) noexcept {
                  static_cast<TakeArrivals&>(w).connections.take_arrivals();
              }),
              connections(c) {}
        Connections& connections;
    };
    struct AbortTimer : Timer {
        explicit AbortTimer(LoopState& s) noexcept
            : Timer([](Timer& t) noexcept {
                  auto& all = static_cast<AbortTimer&>(t).state.connections;
                  for (auto next = all.begin(); next != all.end();) (next++)->abort();
              }),
              state(s) {}
        LoopState& state;
    };

    LoopState state;
    std::mutex mutex;
    std::vector<Arrival> arrivals;          ///< Under the mutex.
    std::optional<SteadyTime> asked_since;  ///< Under the mutex: `take_work` is posted.
    TakeArrivals take_work{*this};
};

void HttpServer::Connections::give(Arrival arrival) {
    const std::lock_guard lock(mutex);
    arrivals.push_back(std::move(arrival));
    if (asked_since) return;
    asked_since = Loop::current()->now();
    state.loop.post(take_work);
}

std::vector<HttpServer::Connections::Arrival> HttpServer::Connections::take_back() {
    const std::lock_guard lock(mutex);
    return std::exchange(arrivals, {});
}

bool HttpServer::Connections::is_held(SteadyTime now) {
    const std::lock_guard lock(mutex);
    return asked_since && *asked_since + kTakeWithin <= now;
}

bool HttpServer::Connections::has_arrivals() {
    const std::lock_guard lock(mutex);
    return !arrivals.empty();
}

void HttpServer::Connections::take_arrivals() noexcept {
    std::vector<Arrival> arrived;
    {
        const std::lock_guard lock(mutex);
        arrived.swap(arrivals);
        asked_since.reset();
    }
    for (Arrival& arrival : arrived) admit(std::move(arrival));
}

void HttpServer::Connections::admit(Arrival arrival) {
    const std::string peer = arrival.socket.peer().address().to_string();
    NetError error;
    net::TcpSocket socket = arrival.socket.take(state.loop, error);
    if (error) {
        log::warn("cannot serve a connection error={}", quoted(error.message()));
        return;
    }
    state.connections_group.spawn(Connection::run(
        std::make_unique<Connection>(state, std::move(socket), peer, std::move(arrival.permit),
                                     std::move(arrival.address_slot))));
}

Async<void> HttpServer::Connections::drain() {
    if (state.draining) co_return;
    state.draining = true;
    for (auto next = state.connections.begin(); next != state.connections.end();) (next++)->drain();
}

Async<void> HttpServer::Connections::join(Duration at_most) {
    co_await drain();
    AbortTimer abort(state);
    abort.start(state.loop, state.loop.now() + at_most);
    co_await state.connections_group.join();
}

/// Accepts every connection and gives it to one of the loops in turn, but to none that a handler
/// holds, as long as there is another.
struct HttpServer::Acceptor {
    Acceptor(net::AsioLoop& l, HttpServer& s)
        : loop(l), server(s), acceptor(l.context().get_executor()) {}

    Async<void> accept_all();
    [[nodiscard]] bool admits(const net::AcceptedSocket& socket,
                              security::AddressSlots::Slot& slot) const;
    void hand_out(Connections::Arrival arrival);
    void hand_out_again() noexcept;
    Async<void> start();
    Async<void> stop();

    struct LookTimer : Timer {
        explicit LookTimer(Acceptor& a) noexcept
            : Timer(
                  [](Timer& t) noexcept { static_cast<LookTimer&>(t).acceptor.hand_out_again(); }),
              acceptor(a) {}
        Acceptor& acceptor;
    };

    net::AsioLoop& loop;
    HttpServer& server;
    net::TcpAcceptor acceptor;
    std::optional<net::ListeningSocket> given;  ///< Whose descriptor the acceptor has taken.
    std::size_t next = 0;
    bool stopping = false;
    Signal stopped;
    LookTimer look{*this};
    TaskGroup accepting;
};

Async<void> HttpServer::Acceptor::accept_all() {
    for (int accepted = 0; !stopping; ++accepted) {
        if (accepted % kAcceptsPerTurn == 0) co_await yield();
        net::Accept accept(acceptor);
        const NetError error = co_await accept;
        if (stopping) co_return;
        if (!error) {
            Permit permit = server.load_.take_connection();
            security::AddressSlots::Slot address_slot;
            if (permit && admits(accept.socket, address_slot)) {
                hand_out({std::move(accept.socket), std::move(permit), std::move(address_slot)});
            } else if (!server.options_.tls) {
                ::send(accept.socket.descriptor(), kTooMany.data(), kTooMany.size(),
                       MSG_DONTWAIT | MSG_NOSIGNAL);
            }
        } else if (!concerns_one_client(error)) {
            log::warn("cannot accept a connection error={}", quoted(error.message()));
            co_await stopped.wait_until(loop.now() + kAfterFailure);
        }
    }
}

bool HttpServer::Acceptor::admits(const net::AcceptedSocket& socket,
                                  security::AddressSlots::Slot& slot) const {
    const security::Gate* const gate = server.options_.gate.get();
    return gate == nullptr || gate->admits(socket.peer().address().to_string(), slot);
}

void HttpServer::Acceptor::hand_out(Connections::Arrival arrival) {
    const auto& all = server.connections_;
    const SteadyTime now = loop.now();
    Connections* chosen = all[next++ % all.size()].get();
    for (std::size_t i = 1; i < all.size() && chosen->is_held(now); ++i) {
        chosen = all[next++ % all.size()].get();
    }
    chosen->give(std::move(arrival));
    if (!look.started()) look.start(loop, now + kTakeWithin);
}

void HttpServer::Acceptor::hand_out_again() noexcept {
    const SteadyTime now = loop.now();
    std::size_t held = 0;
    for (const auto& one : server.connections_) held += one->is_held(now) ? 1 : 0;
    bool left = false;
    for (const auto& one : server.connections_) {
        if (held < server.connections_.size() && one->is_held(now)) {
            for (auto& arrival : one->take_back()) hand_out(std::move(arrival));
        }
        left = left || one->has_arrivals();
    }
    if (left && !look.started()) look.start(loop, now + kTakeWithin);
}

Async<void> HttpServer::Acceptor::start() {
    accepting.spawn(accept_all());
    co_return;
}

Async<void> HttpServer::Acceptor::stop() {
    stopping = true;
    stopped.set();
    NetError ignored;
    acceptor.close(ignored);
    given.reset();
    co_await accepting.join();
    look.cancel();
}

HttpServer::HttpServer(net::LoopGroup& loops, net::AsioLoop& accepting, Options options, Site& site)
    : options_(std::move(options)),
      site_(site),
      load_(options_.limits),
      acceptor_(std::make_unique<Acceptor>(accepting, *this)) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
        connections_.push_back(std::make_unique<Connections>(loops[i], options_, site, load_));
    }
}

HttpServer::~HttpServer() = default;

Result<std::uint16_t> HttpServer::listen(const std::string& host, std::uint16_t port) {
    NetError error;
    const auto address =
        boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    if (error) {
        return fail(ErrorCode::kInvalidParams,
                    "host \"" + host +
                        "\" is not an IP address; use an address of this machine, or localhost");
    }
    Tcp::endpoint endpoint(address, port);
    if ((error = open(acceptor_->acceptor, endpoint))) {
        return fail(ErrorCode::kUnavailable, "cannot listen on " + endpoint.address().to_string() +
                                                 " port " + std::to_string(endpoint.port()) + ": " +
                                                 error.message());
    }
    return acceptor_->acceptor.local_endpoint().port();
}

Result<void> HttpServer::listen_on(net::ListeningSocket socket) {
    // The protocol is only remembered: a Unix socket is accepted from and closed in the same way.
    NetError error;
    acceptor_->acceptor.assign(Tcp::v4(), socket.descriptor(), error);
    if (error) {
        return fail(ErrorCode::kUnavailable,
                    "cannot listen on " + socket.host() + ": " + error.message());
    }
    (void)socket.release();
    acceptor_->given.emplace(std::move(socket));
    if (acceptor_->given->host().starts_with("unix:")) return {};
    acceptor_->acceptor.set_option(Tcp::no_delay(true), error);
    if (!error) acceptor_->acceptor.set_option(UnsentAtMost(kMostUnsent), error);
    if (!error) return {};
    return fail(ErrorCode::kUnavailable,
                "cannot listen on " + acceptor_->given->host() + ": " + error.message());
}

void HttpServer::serve() { net::run_on(acceptor_->loop, acceptor_->start()); }

// All at the same time, so that a loop that a handler blocks does not hold up the others.
void HttpServer::drain() {
    net::run_on(acceptor_->loop, acceptor_->stop());
    std::vector<std::pair<Loop*, Async<void>>> all;
    for (const auto& one : connections_) all.emplace_back(&one->state.loop, one->drain());
    net::run_on_each(std::move(all));
}

void HttpServer::stop(Duration at_most) {
    net::run_on(acceptor_->loop, acceptor_->stop());
    std::vector<std::pair<Loop*, Async<void>>> all;
    for (const auto& one : connections_) all.emplace_back(&one->state.loop, one->join(at_most));
    net::run_on_each(std::move(all));
}

}  // namespace a2akit::http
