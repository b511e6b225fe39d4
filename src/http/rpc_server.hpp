#pragma once

#include "http/loop_state.hpp"
#include "http/options.hpp"
#include "http/site.hpp"
#include "net/loop_group.hpp"

#include <a2akit/core/result.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace a2akit::http {

/// A server of gRPC for the same site, on the same loops and with the same limits. Its library is
/// linked only by programs that want it, so it is found at run time: see `offer_rpc_server`.
///
/// Called from a thread that runs no loop. REQUIRES: `stop` was called before it ends, if it
/// listens.
class RpcServer {
public:
    virtual ~RpcServer() = default;

    /// Listens; calls are refused with UNAVAILABLE until `serve`. Returns the port. kUnavailable
    /// when the address can't be had.
    virtual Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) = 0;
    virtual void serve() = 0;
    /// Says to who asks for its health that it is not serving.
    virtual void refuse_new_work() = 0;
    /// Takes no more calls, waits for those under way until `at_most` has passed, then ends them.
    /// REQUIRES: the handler answers what it was asked, in the end.
    virtual void stop(Duration at_most) = 0;
};

/// Makes one. REQUIRES of its caller: all that is given outlives the server.
using MakeRpcServer = std::unique_ptr<RpcServer> (*)(net::LoopGroup& loops, const Options& options,
                                                     Site& site, Load& load);

/// Called before `main` by the library that has such a server.
void offer_rpc_server(MakeRpcServer make) noexcept;
/// Null: the program was linked without it.
[[nodiscard]] MakeRpcServer offered_rpc_server() noexcept;

}  // namespace a2akit::http
