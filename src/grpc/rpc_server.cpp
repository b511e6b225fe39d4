#include "http/rpc_server.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"
#include "grpc/service.hpp"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace a2akit::rpc {
namespace {

// Clients that ping an idle connection, as many do every 10 to 30 s, do nothing wrong.
constexpr int kLeastPingIntervalMs = 5000;

// Further calls wait at the client until others have ended, as HTTP/2 has it: each takes some 20 kB
// before the server has read a byte of its message.
constexpr int kMostCallsOfConnection = 1000;

// How soon a new certificate is used.
constexpr unsigned kLookForCertificateEvery = 5;

/// Those of TLS read the files again when they have changed, without being told.
std::shared_ptr<::grpc::ServerCredentials> credentials_for(const net::TlsCredentials* tls) {
    if (tls == nullptr) return ::grpc::InsecureServerCredentials();
    namespace experimental = ::grpc::experimental;
    const net::TlsFiles& files = tls->files();
    auto provider = std::make_shared<experimental::FileWatcherCertificateProvider>(
        files.key, files.certificate, files.client_ca, kLookForCertificateEvery);
    experimental::TlsServerCredentialsOptions options(std::move(provider));
    options.watch_identity_key_cert_pairs();
    if (!files.client_ca.empty()) {
        options.watch_root_certs();
        options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    }
    return experimental::TlsServerCredentials(options);
}

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

/// Gives up calls whose clients neither send their messages nor take their answers, until the lane
/// stops.
Async<void> give_up_slow_clients(Lane& lane, Duration to_send, Duration to_take) {
    const Duration pause = std::min(to_send, to_take) / 4;
    while (!co_await lane.stopping.wait_until(lane.loop.now() + pause)) {
        const SteadyTime now = lane.loop.now();
        lane.unsent.give_up_those_before(now - to_send);
        lane.untaken.give_up_those_before(now - to_take);
    }
}

/// Starts that on the lane's loop, and ends.
struct Watch : Work {
    Watch(Lane& l, const http::Options& o) noexcept
        : Work([](Work& work) noexcept {
              const std::unique_ptr<Watch> self(&static_cast<Watch&>(work));
              self->lane.calls.spawn(give_up_slow_clients(self->lane, self->options.body_timeout,
                                                          self->options.write_timeout));
          }),
          lane(l),
          options(o) {}
    Lane& lane;
    const http::Options& options;
};

/// The host as gRPC reads it in an address.
std::string in_address(const std::string& host) {
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

class Server final : public http::RpcServer {
public:
    Server(net::LoopGroup& loops, const http::Options& options, http::Site& site, Load& load)
        : door_(site, load, options) {
        for (std::size_t i = 0; i < loops.size(); ++i)
            door_.lanes.push_back(std::make_unique<Lane>(loops[i]));
        if (options.versions.v1_0) services_.push_back(make_service(door_, methods_1_0()));
        if (options.versions.v0_3) services_.push_back(make_service(door_, methods_0_3()));
    }
    ~Server() override { stop(Duration(0)); }

    Result<std::uint16_t> listen(const std::string& host, std::uint16_t port) override {
        quieten_libraries();
        ::grpc::EnableDefaultHealthCheckService(true);
        ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
        ::grpc::ServerBuilder builder;
        const std::string address = in_address(host) + ":" + std::to_string(port);
        int bound = 0;
        builder.AddListeningPort(address, credentials_for(door_.options.tls.get()), &bound);
        // Otherwise a second server would get a share of the connections, and no error.
        builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                                   kLeastPingIntervalMs);
        builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                                   limited(door_.options.max_header_bytes));
        builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCallsOfConnection);
        limit_connections(builder);
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

    void serve() override {
        door_.serving = true;
        for (const auto& lane : door_.lanes) {
            auto* begin = new Watch(*lane, door_.options);
            lane->loop.post(*begin);
        }
    }

    void refuse_new_work() override {
        if (auto* health = server_ ? server_->GetHealthCheckService() : nullptr)
            health->SetServingStatus(false);
    }

    void stop(Duration at_most) override {
        if (!server_) return;
        server_->Shutdown(std::chrono::system_clock::now() + at_most);
        server_->Wait();
        for (const auto& lane : door_.lanes) lane->stopping.set();
        std::vector<std::pair<Loop*, Async<void>>> all;
        for (const auto& lane : door_.lanes) all.emplace_back(&lane->loop, lane->calls.join());
        net::run_on_each(std::move(all));
        server_.reset();
    }

private:
    /// What a connection may take of time, and all of them together of memory: gRPC counts the
    /// bytes of messages that have not arrived whole, which no call knows of yet.
    void limit_connections(::grpc::ServerBuilder& builder) const {
        const http::Options& options = door_.options;
        const auto milliseconds = [](Duration span) {
            return limited(static_cast<std::size_t>(
                std::chrono::ceil<std::chrono::milliseconds>(span).count()));
        };
        builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                                   milliseconds(options.header_timeout));
        builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                                   milliseconds(options.idle_timeout));
        // A client that has vanished does not answer pings.
        builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.write_timeout));
        ::grpc::ResourceQuota quota("a2akit");
        quota.Resize(options.limits.request_bytes + options.limits.response_bytes);
        builder.SetResourceQuota(quota);
    }
    static int limited(std::size_t bytes) {
        return static_cast<int>(std::min<std::size_t>(bytes, std::numeric_limits<int>::max()));
    }

    Door door_;
    std::vector<std::unique_ptr<::grpc::Service>> services_;
    std::unique_ptr<::grpc::Server> server_;
};

std::unique_ptr<http::RpcServer> make(net::LoopGroup& loops, const http::Options& options,
                                      http::Site& site, Load& load) {
    return std::make_unique<Server>(loops, options, site, load);
}

[[maybe_unused]] const bool kOffered = (http::offer_rpc_server(&make), true);

}  // namespace
}  // namespace a2akit::rpc

/// Programs that link a2akit::grpc ask the linker for this symbol, and so for this file.
extern "C" void a2akit_grpc_is_linked() {}
