#pragma once

#include "http/shard.hpp"
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
    /// Accepts connections on `accepting`, where nothing of the application's may run: then a loop
    /// that a handler holds keeps no new connection from the others.
    HttpServer(net::LoopGroup& loops, net::AsioLoop& accepting, Options options, Site& site);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and listens; who connects from now on waits to be accepted. Returns the port. kUnavailable when the
    /// address can't be had, kInvalidParams when `host` is no address.
    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port);
    /// Accepts connections. REQUIRES: listens.
    void serve();

    /// Accepts no more; idle connections close, streams end with kDraining, requests under way are the last of their
    /// connections. Idempotent.
    void drain();
    /// Drains, waits for the connections until `at_most` has passed, then ends them.
    /// REQUIRES: the handler answers what it was asked, in the end.
    void stop(Duration at_most);

    /// The limits, for another server beside this one to share.
    [[nodiscard]] Counters& counters() noexcept { return counters_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    /// What the bodies of all requests under way hold now. From any thread.
    [[nodiscard]] std::size_t request_bytes() const noexcept { return counters_.requests.used(); }

private:
    struct Acceptor;
    struct Connections;

    Options options_;
    Counters counters_;
    std::vector<std::unique_ptr<Connections>> connections_;  ///< One per loop, in their order.
    std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace a2akit::http
