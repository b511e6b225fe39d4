#pragma once

#include "http/loop_state.hpp"
#include "net/listening_socket.hpp"
#include "net/loop_group.hpp"
#include "net/socket.hpp"

#include <a2akit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace a2akit::http {

/// Listens on one port and serves a Site with all loops of a group.
///
/// Called from a thread that runs no loop. REQUIRES: site and loops outlive it; `stop` was called
/// before it ends.
class HttpServer {
public:
    /// Accepts connections on `accepting`, a loop on which no code of the application may run: then
    /// a loop that a handler holds does not keep new connections from the others.
    HttpServer(net::LoopGroup& loops, net::AsioLoop& accepting, Options options, Site& site);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and listens; clients that connect from now on wait to be accepted. Returns the port.
    /// kUnavailable when the address cannot be bound, kInvalidParams when `host` is not an address.
    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
    /// The same with a socket that listens already.
    Result<void> listen_on(net::ListeningSocket socket);
    /// Accepts connections. REQUIRES: listens.
    void serve();

    /// Accepts no more; idle connections close, streams end with kDraining, requests under way are
    /// the last of their connections. Idempotent.
    void drain();
    /// Drains, waits for the connections until `at_most` has passed, then ends them.
    /// REQUIRES: the handler eventually answers every call.
    void stop(Duration at_most);

    /// For another server beside this one, which counts against the same limits.
    [[nodiscard]] Load& load() noexcept { return load_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    [[nodiscard]] Site& site() noexcept { return site_; }
    /// The number of bytes that the bodies of all current requests hold. Safe from any thread.
    [[nodiscard]] std::size_t request_bytes() noexcept { return load_.requests().used(); }

private:
    struct Acceptor;
    struct Connections;

    Options options_;
    Site& site_;
    Load load_;
    std::vector<std::unique_ptr<Connections>> connections_;  ///< One per loop, in their order.
    std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace a2akit::http
