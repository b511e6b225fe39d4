#include "http/rpc_server.hpp"

#include <atomic>

namespace a2akit::http {
namespace {

std::atomic<MakeRpcServer>& offered() noexcept {
    static std::atomic<MakeRpcServer> make{nullptr};
    return make;
}

}  // namespace

void offer_rpc_server(MakeRpcServer make) noexcept { offered() = make; }
MakeRpcServer offered_rpc_server() noexcept { return offered(); }

}  // namespace a2akit::http
