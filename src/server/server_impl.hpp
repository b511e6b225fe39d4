#pragma once

#include "http/http_server.hpp"
#include "http/rpc_server.hpp"
#include "net/loop_group.hpp"
#include "server/agent_node.hpp"
#include "server/agent_site.hpp"
#include "server/extended_card.hpp"
#include "server/host_site.hpp"
#include "server/process.hpp"
#include "server/server_security.hpp"
#include "server/service_manager.hpp"
#include "server/stderr_sink.hpp"

#include <a2akit/server/server.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace a2akit {

/// A server's parts, and the order in which they start and stop (server.cpp). `run` is in
/// server_run.cpp.
class Server::Impl : public std::enable_shared_from_this<Impl> {
public:
    explicit Impl(ServerOptions options) : options_(std::move(options)) {}

    Result<void> start();
    void stop();
    void stop_and_wait();
    Result<void> reload();
    int run();
    [[noreturn]] static void leave_handlers_behind(std::optional<ServerLog>& log);
    static int refuse(const Error& error);
    Result<void> resume(TaskId task);
    Result<std::vector<DeadLetter>> dead_letters(std::optional<TaskId> after, int limit);
    Result<TaskId> redrive(TaskId dead_letter);
    Result<std::vector<PushDeadLetter>> push_dead_letters(std::optional<Uuid> after, int limit);
    Result<void> redrive_push(Uuid dead_letter);
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] const std::string& url() const noexcept { return url_; }

private:
    void begin_stop();
    enum class Phase { kNew, kRunning, kStopped };
    /// Calls `operation` on a loop, for a thread that has none. kUnavailable when the server does
    /// not run.
    template <class T, class Operation>
    Result<T> call_on_loop(Operation operation) {
        const std::lock_guard lock(mutex_);
        if (phase_ != Phase::kRunning)
            return fail(ErrorCode::kUnavailable, "the server does not run");
        return net::run_on((*loops_)[0], operation());
    }
    Result<void> start_once();
    Result<void> start_locked();
    Result<void> read_settings();
    Result<void> begin_to_serve();
    void open_sites(std::vector<AgentOptions> agents);
    /// The path of an agent below the base path.
    [[nodiscard]] std::string path_of(std::size_t agent) const {
        return names_[agent].empty() ? std::string() : "/" + names_[agent];
    }
    void set_state(AgentSite::State state) {
        for (const auto& site : sites_) site->set_state(state);
    }
    Result<void> listen_for_http();
    Result<void> listen_for_grpc();
    Result<void> sign_cards();
    void announce() const;
    void stop_serving();
    void stop_within(Duration at_most);
    void wait_and_trim(StopSignals& signals);
    static int wait_for_stop(StopSignals& signals, Duration at_most);
    void set_running(StopSignals* signals) {
        const std::lock_guard lock(mutex_);
        running_ = signals;
    }
    /// Within it `stop` ends `run`.
    [[nodiscard]] bool left_behind() {
        const std::lock_guard lock(mutex_);
        return left_behind_;
    }
    struct Running {
        Running(Impl& s, StopSignals& signals) : server(s) { server.set_running(&signals); }
        Running(const Running&) = delete;
        Running& operator=(const Running&) = delete;
        ~Running() { server.set_running(nullptr); }
        Impl& server;
    };

    ServerOptions options_;
    Settings settings_;
    std::uint16_t port_ = 0;
    std::string url_;
    std::mutex mutex_;  ///< Held by whoever starts or stops.
    Phase phase_ = Phase::kNew;
    StopSignals* running_ = nullptr;  ///< Under the mutex.
    bool left_behind_ = false;        ///< Handlers have not returned. Under the mutex.
    std::atomic<bool> hurried_{false};

    std::unique_ptr<ServerSecurity> security_;
    std::unique_ptr<net::LoopGroup> loops_;
    /// One loop, on which nothing of the application's ever runs.
    std::unique_ptr<net::LoopGroup> upkeep_;
    std::unique_ptr<AgentNode> node_;
    std::vector<std::string> names_;  ///< Of the agents; one empty name for a single one.
    std::vector<std::shared_ptr<ExtendedCardOfSite>> extended_cards_;  ///< Null: there is none.
    std::vector<std::unique_ptr<AgentSite>> sites_;  ///< Of the agents, in their order.
    std::unique_ptr<HostSite> host_;                 ///< Null: one agent is the whole server.
    std::unique_ptr<http::HttpServer> http_;
    std::unique_ptr<http::RpcServer> grpc_;  ///< Null: gRPC is off.
    std::string grpc_address_;
    std::optional<net::ListeningSocket> activated_;  ///< By the service manager; until it is used.
    ServiceManager manager_;

    std::once_flag stop_begun_;
    /// Carries out a stop that a handler asked for. The last member: joined before the others end.
    std::jthread stopper_;
};

}  // namespace a2akit
