#include "http/rpc_server.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "grpc/service.hpp"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace a2akit::rpc {
namespace {

// Clients that ping an idle connection, as many do every 10 to 30 s, are no offenders.
constexpr int kLeastPingIntervalMs = 5000;

/// Both libraries write lines of their own to stderr, of which any client can cause as many as it
/// likes.
void quieten_libraries() {
    google::protobuf::SetLogHandler(
        [](google::protobuf::LogLevel, const char*, int, const std::string& message) {
            log::debug("protobuf says message={}", quoted(message));
        });
    gpr_set_log_function(
        [](gpr_log_func_args* line) { log::debug("grpc says message={}", quoted(line->message)); });
}

/// The host as gRPC reads it in an address.
std::string in_address(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

class Server final : public http::RpcServer {
public:
    Server(net::LoopGroup& loops, const http::Options& options, http::Site& site,
           http::Counters& counters)
        : door_(site, counters, options) {
        for (std::size_t i = 0; i < loops.size(); ++i)
            door_.lanes.push_back(std::make_unique<Lane>(loops[i]));
        if (options.versions.v1_0) services_.push_back(make_service_1_0(door_));
        if (options.versions.v0_3) services_.push_back(make_service_0_3(door_));
    }
    ~Server() override { stop(Duration(0)); }

    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) override {
        quieten_libraries();
        ::grpc::EnableDefaultHealthCheckService(true);
        ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
        ::grpc::ServerBuilder builder;
        const std::string address = in_address(host) + ":" + std::to_string(port);
        int bound = 0;
        builder.AddListeningPort(address, ::grpc::InsecureServerCredentials(), &bound);
        // Otherwise a second server would get a share of the connections, and no error.
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                                   kLeastPingIntervalMs);
        builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                                   limited(door_.options.max_header_bytes));
        builder.SetMaxReceiveMessageSize(limited(door_.options.max_body_bytes));
        for (const auto& service : services_) builder.RegisterService(service.get());
        server_ = builder.BuildAndStart();
        if (!server_ || bound == 0) {
            server_.reset();
            return fail(ErrorCode::kUnavailable,
                        "cannot listen on " + address +
                            " for gRPC: the port is taken, or the address is not one of "
                            "this machine");
        }
        return static_cast<std::uint16_t>(bound);
    }

    void serve() override { door_.serving = true; }

    void refuse_new_work() override {
        if (auto* health = server_ ? server_->GetHealthCheckService() : nullptr)
            health->SetServingStatus(false);
    }

    void stop(Duration at_most) override {
        if (!server_) return;
        server_->Shutdown(std::chrono::system_clock::now() + at_most);
        server_->Wait();
        std::vector<std::pair<Loop*, Async<void>>> all;
        for (const auto& lane : door_.lanes) all.emplace_back(&lane->loop, lane->calls.join());
        net::run_on_each(std::move(all));
        server_.reset();
    }

private:
    static int limited(std::size_t bytes) {
        return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
    }

    Door door_;
    std::vector<std::unique_ptr<::grpc::Service>> services_;
    std::unique_ptr<::grpc::Server> server_;
};

std::unique_ptr<http::RpcServer> make(net::LoopGroup& loops, const http::Options& options,
                                      http::Site& site, http::Counters& counters) {
    return std::make_unique<Server>(loops, options, site, counters);
}

[[maybe_unused]] const bool kOffered = (http::offer_rpc_server(&make), true);

}  // namespace
}  // namespace a2akit::rpc

/// Who links a2akit::grpc asks the linker for this symbol, and so for this file.
extern "C" void a2akit_grpc_is_linked() {}
