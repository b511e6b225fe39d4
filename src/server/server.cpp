#include "core/log.hpp"
#include "core/log_text.hpp"
#include "runtime/guarded_ports.hpp"
#include "server/agent_list.hpp"
#include "server/backend_mix.hpp"
#include "server/backend_registry.hpp"
#include "server/card_builder.hpp"
#include "server/card_lint.hpp"
#include "server/extended_card.hpp"
#include "server/logging.hpp"
#include "server/process.hpp"
#include "server/retention.hpp"
#include "server/server_impl.hpp"
#include "server/server_parts.hpp"
#include "server/unknown_settings.hpp"
#include "worker/handler_thread.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace a2akit {
namespace {

constexpr auto kLeastTimeForAnswers = std::chrono::seconds(1);
// Beyond the drain time, for handlers that do not return; a port has three of these seconds.
constexpr auto kGraceAfterDrain = std::chrono::seconds(10);
constexpr std::string_view kUnixSocket = "unix:";

bool is_unix_socket(std::string_view host) { return host.starts_with(kUnixSocket); }

bool means_every_address(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

/// A host as it stands in a URL; one that means every address is replaced by one that can be
/// called.
std::string url_host(const std::string& host) {
    if (host == "0.0.0.0") return "127.0.0.1";
    if (host == "::") return "[::1]";
    return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all.append(all.empty() ? "" : ",").append(name);
    return all;
}

/// Where a port of the settings or of the options lives, as the start-up line says it.
std::string shown(bool given, const std::optional<std::string>& url) {
    return given ? "given" : shown_url(*url);
}

}  // namespace

Result<void> Server::Impl::start() {
    Result<void> started = start_once();
    if (!started || !options_.on_listening) return started;
    // Without the mutex, so that it may stop the server. What it throws is the caller's; nothing is
    // served behind that.
    std::unique_ptr<Impl, void (*)(Impl*)> stopped(this, [](Impl* server) { server->stop(); });
    options_.on_listening(url_);
    (void)stopped.release();
    return started;
}

Result<void> Server::Impl::start_once() {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kNew)
        return fail(ErrorCode::kUnsupportedOperation, "a server is started once");
    Result<void> started;
    try {
        started = start_locked();
    } catch (const std::exception& e) {
        started = fail(start_error(e));
    }
    if (started) {
        phase_ = Phase::kRunning;
        return started;
    }
    grpc_.reset();
    http_.reset();
    host_.reset();
    sites_.clear();
    node_.reset();
    upkeep_.reset();
    loops_.reset();
    return started;
}

// The arguments of the constructor, else the environment, else the defaults; the socket of a
// service manager takes the place of host and port.
Result<void> Server::Impl::read_settings() {
    Result<Settings> resolved = options_.settings.resolved(Settings::process_environment());
    if (!resolved) return fail(std::move(resolved.error()));
    settings_ = std::move(*resolved);
    auto activated = take_activated_socket();
    if (!activated) return fail(std::move(activated.error()));
    if (*activated) {
        activated_.emplace(std::move(**activated));
        settings_.host = activated_->host();
        settings_.port = activated_->port();
    }
    for (const UnknownSetting& unknown : unknown_settings(environment_names())) {
        log::warn("settings unknown={}{}{}", quoted(unknown.name),
                  unknown.nearest.empty() ? "" : " nearest=", unknown.nearest);
    }
    return {};
}

Result<void> Server::Impl::start_locked() {
    Result<std::vector<AgentOptions>> agents = agents_of(options_);
    if (!agents) return fail(std::move(agents.error()));
    if (Result<void> read = read_settings(); !read) return read;
    if (Result<void> checked = check_context(*agents, options_.ports, settings_); !checked)
        return checked;
    Result<std::unique_ptr<ServerSecurity>> security = ServerSecurity::open(settings_);
    if (!security) return fail(std::move(security.error()));
    security_ = std::move(*security);
    if (Result<void> joined = security_->join(*agents); !joined) return joined;
    Result<HousekeepingOptions> housekeeping = housekeeping_options(settings_);
    if (!housekeeping) return fail(std::move(housekeeping.error()));
    const auto warnings = check_mix(options_.ports, settings_);
    if (!warnings) return fail(warnings.error());
    for (const std::string& warning : *warnings) log::warn("settings {}", warning);
    Result<Ports> ports = BackendRegistry::standard().open(guarded(options_.ports), settings_);
    if (!ports) return fail(std::move(ports.error()));
    const bool in_memory = !options_.ports.storage && settings_.storage == "memory:";
    auto check_ports = seal(*ports, in_memory, settings_);
    for (const AgentOptions& agent : *agents) {
        if (Result<void> checked = check_push(agent.card, settings_, *ports); !checked)
            return checked;
    }

    raise_descriptor_limit();
    const auto threads = static_cast<std::size_t>(*settings_.threads);
    loops_ = std::make_unique<net::LoopGroup>(threads != 0 ? threads : net::available_cores());
    upkeep_ = std::make_unique<net::LoopGroup>(1, "a2akit-upkeep");
    std::unique_ptr<PushNode> push = make_push_node(*agents, settings_, *ports);
    AgentRuntimeOptions runtime = runtime_options(options_, settings_, std::move(*housekeeping));
    if (push) runtime.tasks.push = push->configs();
    runtime.check_ports = std::move(check_ports);
    std::vector<AgentSpec> specs = specs_of(*agents);
    extended_cards_ = extended_cards(*agents, specs);
    node_ = std::make_unique<AgentNode>(*loops_, (*upkeep_)[0], std::move(specs), *ports,
                                        std::move(runtime), std::move(push));
    open_sites(std::move(*agents));
    http::Site& site = host_ ? static_cast<http::Site&>(*host_) : *sites_.front();
    http::Options http = http_options(settings_);
    security_->apply(http);
    http_ = std::make_unique<http::HttpServer>(*loops_, (*upkeep_)[0], std::move(http), site);

    return begin_to_serve();
}

Result<void> Server::Impl::begin_to_serve() {
    // The port first: a second server on it must not touch what the first one works on.
    if (Result<void> listens = listen_for_http(); !listens) return listens;
    for (std::size_t i = 0; i < sites_.size(); ++i) {
        sites_[i]->set_url(settings_.public_url.value_or(url_) + path_of(i),
                           settings_.public_url.has_value());
    }
    if (Result<void> listens = listen_for_grpc(); !listens) return listens;
    if (Result<void> is_signed = sign_cards(); !is_signed) return is_signed;
    if (Result<void> started = node_->start(); !started) return started;
    set_state(AgentSite::State::kReady);
    http_->serve();
    if (grpc_) grpc_->serve();
    announce();
    manager_.ready();
    net::run_on((*upkeep_)[0], [](ServiceManager& manager) -> Async<void> {
        manager.start_watchdog();
        co_return;
    }(manager_));
    wipe_secrets(settings_);
    wipe_secrets(options_.settings);
    return {};
}

void Server::Impl::open_sites(std::vector<AgentOptions> agents) {
    std::vector<HostSite::Entry> entries;
    for (std::size_t i = 0; i < agents.size(); ++i) {
        names_.push_back(agents[i].name);
        sites_.push_back(std::make_unique<AgentSite>(
            node_->runtime().handler(i), node_->readiness(), std::move(agents[i].card),
            card_forms(settings_), ServerSecurity::trusts_forwarded(settings_),
            *settings_.base_path + path_of(i)));
        if (extended_cards_[i]) extended_cards_[i]->set_site(*sites_.back());
        sites_.back()->set_key_set(PushNode::public_keys(settings_));
        security_->announce(i, *sites_.back());
        entries.push_back({names_.back(), sites_.back().get()});
    }
    if (!names_.front().empty()) host_ = std::make_unique<HostSite>(std::move(entries));
    if (!settings_.admin_token) return;
    if (host_)
        host_->open_admin(node_->admin(), *settings_.admin_token);
    else
        sites_.front()->open_admin(node_->admin(), *settings_.admin_token);
}

Result<void> Server::Impl::listen_for_http() {
    const std::string& host = *settings_.host;
    std::optional<net::ListeningSocket> socket = std::exchange(activated_, std::nullopt);
    Result<std::uint16_t> listening = std::uint16_t{0};
    if (!socket && is_unix_socket(host)) {
        auto made = net::ListeningSocket::at_path(host.substr(kUnixSocket.size()));
        if (made)
            socket.emplace(std::move(*made));
        else
            listening = fail(std::move(made.error()));
    }
    if (socket) {
        const std::uint16_t port = socket->port();
        const Result<void> listens = http_->listen_on(std::move(*socket));
        listening = listens ? Result<std::uint16_t>(port) : fail(listens.error());
    } else if (listening) {
        listening = http_->listen(host, *settings_.port);
    }
    if (!listening) {
        Error error = std::move(listening.error());
        error.message += " (A2AKIT_HOST, A2AKIT_PORT)";
        return fail(std::move(error));
    }
    port_ = *listening;
    const std::string authority =
        is_unix_socket(host) ? "localhost" : url_host(host) + ":" + std::to_string(port_);
    url_ = (settings_.tls_cert ? "https://" : "http://") + authority + *settings_.base_path;
    return {};
}

Result<void> Server::Impl::listen_for_grpc() {
    if (!settings_.grpc_port) return {};
    if (is_unix_socket(*settings_.host)) {
        return fail(Error::invalid_field("A2AKIT_GRPC_PORT",
                                         "is a TCP port, and A2AKIT_HOST names a Unix socket; give "
                                         "an address, or leave the port out"));
    }
    const http::MakeRpcServer make = http::offered_rpc_server();
    if (make == nullptr) {
        return fail(
            Error::invalid_field("A2AKIT_GRPC_PORT",
                                 "is set, but this program was built without gRPC: link it with "
                                 "a2akit::grpc, or leave the setting out"));
    }
    grpc_ = make(*loops_, http_->options(), http_->site(), http_->load());
    Result<std::uint16_t> listening = grpc_->listen(*settings_.host, *settings_.grpc_port);
    if (!listening) {
        Error error = std::move(listening.error());
        error.message += " (A2AKIT_HOST, A2AKIT_GRPC_PORT)";
        return fail(std::move(error));
    }
    for (std::size_t i = 0; i < sites_.size(); ++i) sites_[i]->set_grpc(*listening, names_[i]);
    grpc_address_ = grpc_address(url_, *listening);
    return {};
}

Result<void> Server::Impl::sign_cards() {
    const auto& signer = security_->card_signer();
    if (!signer) return {};
    for (const auto& site : sites_) {
        if (Result<void> is_signed = site->sign_with(signer); !is_signed)
            return fail(Error::invalid_field("A2AKIT_CARD_KEY", is_signed.error().message));
    }
    log::info("agent cards are signed key={}", quoted(signer->key_id()));
    return {};
}

void Server::Impl::announce() const {
    if (means_every_address(*settings_.host) && !settings_.public_url &&
        !ServerSecurity::trusts_forwarded(settings_)) {
        log::warn(
            "the agent card names an address that only this machine can call; set "
            "A2AKIT_PUBLIC_URL to the one "
            "that clients use, or A2AKIT_TRUST_FORWARDED behind a proxy url={}",
            url_);
    }
    if (!ServerSecurity::trusts_forwarded(settings_)) {
        for (const std::string& warning : lint_url(settings_.public_url.value_or(url_)))
            log::warn("card {}", quoted(warning));
    }
    const Ports& given = options_.ports;
    const bool in_memory = !given.storage && settings_.storage == "memory:";
    log::info(
        "listening url={}{}{}{}{}{}{} threads={} storage={} broker={} event_bus={} "
        "cancel_registry={}{}",
        url_, is_unix_socket(*settings_.host) ? " socket=" : "",
        is_unix_socket(*settings_.host) ? settings_.host->substr(kUnixSocket.size()) : "",
        host_ ? " agents=" : "", joined(names_), grpc_ ? " grpc=" : "", grpc_address_,
        loops_->size(), shown(given.storage != nullptr, settings_.storage),
        shown(given.broker != nullptr, settings_.broker),
        shown(given.event_bus != nullptr, settings_.event_bus),
        shown(given.cancel_registry != nullptr, settings_.cancel_registry),
        in_memory ? " note=\"memory forgets every task when the process ends\"" : "");
}

// A handler can't wait for the drain, which waits for the handler.
void Server::Impl::stop() {
    if (Loop::current() == nullptr && !on_handler_thread()) return stop_and_wait();
    std::call_once(stop_begun_, [this] { stopper_ = std::jthread([this] { begin_stop(); }); });
}

void Server::Impl::begin_stop() {
    {
        const std::lock_guard lock(mutex_);
        // `run` stops, as at a signal, and ends the process when a handler does not return.
        if (running_ != nullptr) return running_->notify();
    }
    stop_and_wait();
}

void Server::Impl::stop_and_wait() {
    const std::lock_guard lock(mutex_);
    if (std::exchange(phase_, Phase::kStopped) == Phase::kRunning)
        stop_within(*settings_.drain_timeout + kGraceAfterDrain);
    if (running_ != nullptr) running_->notify();
}

// The thread owns this server as well: it ends when the handler returns.
void Server::Impl::stop_within(Duration at_most) {
    std::packaged_task<void()> stopping([self = shared_from_this()] { self->stop_serving(); });
    std::future<void> stopped = stopping.get_future();
    std::thread stopper;
    try {
        stopper = std::thread(std::move(stopping));
    } catch (const std::system_error&) {
        return stop_serving();  // at the limit of threads, as long as it takes
    }
    if (stopped.wait_for(at_most) == std::future_status::ready) {
        stopper.join();
        return stopped.get();
    }
    stopper.detach();
    left_behind_ = true;
    log::error(
        "stop error=\"handlers have not returned and are left behind; their tasks are handed "
        "back\" "
        "url={}",
        url_);
}

void Server::Impl::stop_serving() {
    log::info("stopping url={}", url_);
    manager_.stopping();
    const SteadyTime deadline = std::chrono::steady_clock::now() + *settings_.drain_timeout;
    set_state(AgentSite::State::kDraining);
    // What is still served while the handlers finish: who waits for them, their streams, reads, and
    // to whoever asks that this server is not ready.
    node_->refuse_new_work();
    if (grpc_) grpc_->refuse_new_work();
    node_->serve_out(deadline, hurried_);
    http_->drain();
    const auto time_for_answers = [deadline] {
        const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
        return std::max<Duration>(left, kLeastTimeForAnswers);
    };
    if (grpc_) grpc_->stop(time_for_answers());
    http_->stop(time_for_answers());
    node_->join_runs();
    node_->stop(deadline);
    net::run_on((*upkeep_)[0], manager_.stop_watchdog());
    // What was left behind may still use the loops.
    if (node_->left_behind()) net::leave_running(std::move(loops_));
    grpc_.reset();
    http_.reset();
    host_.reset();
    sites_.clear();
    node_.reset();
    upkeep_.reset();
    loops_.reset();
    log::info("stopped");
}

Result<void> Server::Impl::resume(TaskId task) {
    return call_on_loop<void>([&] { return node_->runtime().resume(task); });
}

Result<std::vector<DeadLetter>> Server::Impl::dead_letters(std::optional<TaskId> after, int limit) {
    return call_on_loop<std::vector<DeadLetter>>(
        [&] { return node_->admin().dead_letters(after, limit); });
}

Result<TaskId> Server::Impl::redrive(TaskId dead_letter) {
    return call_on_loop<TaskId>([&] { return node_->admin().redrive(dead_letter); });
}

Result<std::vector<PushDeadLetter>> Server::Impl::push_dead_letters(std::optional<Uuid> after,
                                                                    int limit) {
    return call_on_loop<std::vector<PushDeadLetter>>(
        [&] { return node_->admin().push_dead_letters(after, limit); });
}

Result<void> Server::Impl::redrive_push(Uuid dead_letter) {
    return call_on_loop<void>([&] { return node_->admin().redrive_push(dead_letter); });
}

Server::Server(ServerOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}
Server::~Server() {
    if (impl_) impl_->stop_and_wait();
}
int Server::run() { return impl_->run(); }
Result<void> Server::start() { return impl_->start(); }
void Server::stop() { impl_->stop(); }
Result<void> Server::reload() { return impl_->reload(); }
Result<void> Server::resume(TaskId task) { return impl_->resume(task); }
Result<std::vector<DeadLetter>> Server::dead_letters(std::optional<TaskId> after, int limit) {
    return impl_->dead_letters(after, limit);
}
Result<TaskId> Server::redrive(TaskId dead_letter) { return impl_->redrive(dead_letter); }
Result<std::vector<PushDeadLetter>> Server::push_dead_letters(std::optional<Uuid> after,
                                                              int limit) {
    return impl_->push_dead_letters(after, limit);
}
Result<void> Server::redrive_push(Uuid dead_letter) { return impl_->redrive_push(dead_letter); }
std::uint16_t Server::port() const noexcept { return impl_->port(); }
std::string Server::url() const { return impl_->url(); }

}  // namespace a2akit
