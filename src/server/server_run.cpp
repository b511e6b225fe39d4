#include "core/log.hpp"
#include "core/log_text.hpp"
#include "server/logging.hpp"
#include "server/process.hpp"
#include "server/server_impl.hpp"
#include "server/stderr_sink.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <utility>

// A server that is the whole process: its signals, its memory and its end.

namespace a2akit {
namespace {

// A process that has grown by so much may have freed a good part of it since.
constexpr std::size_t kWorthTrimming = std::size_t{48} << 20U;
constexpr auto kTrimInterval = std::chrono::seconds(4);
// A process that is told to stop ends, even when a handler does not: so long after its drain, or
// after a second signal.
constexpr auto kGraceAfterDrain = std::chrono::seconds(5);
constexpr auto kGraceInHurry = std::chrono::seconds(2);

}  // namespace

// Their runs are handed back: another process goes on with them. Only that they do not return keeps
// this one alive.
void Server::Impl::leave_handlers_behind(std::optional<ServerLog>& log) {
    log::warn("stopped while handlers had not returned; their tasks are handed back");
    if (log) log->finish();
    std::_Exit(EXIT_SUCCESS);
}

int Server::Impl::refuse(const Error& error) {
    write_to_stderr("a2akit: " + error.message + "\n");
    return EXIT_FAILURE;
}

/// Waits for the end. Memory that was needed at a peak goes back to the system some seconds later.
void Server::Impl::wait_and_trim(StopSignals& signals) {
    const std::size_t at_rest = resident_bytes();
    for (;;) {
        const int told = signals.wait(kTrimInterval);
        if (told == SIGHUP) {
            (void)reload();
            continue;
        }
        if (told != StopSignals::kTimeout) return;
        if (resident_bytes() > at_rest + kWorthTrimming) trim_memory();
    }
}

/// As `StopSignals::wait`, for a server that stops and reloads nothing any more.
int Server::Impl::wait_for_stop(StopSignals& signals, Duration at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    for (;;) {
        const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
        const int told = signals.wait(std::max(left, Duration(0)));
        if (told != SIGHUP) return told;
    }
}

Result<void> Server::Impl::reload() {
    const std::lock_guard lock(mutex_);
    if (phase_ != Phase::kRunning) return fail(ErrorCode::kUnavailable, "the server does not run");
    manager_.reloading();
    Result<void> reloaded = security_->reload();
    manager_.ready();
    if (reloaded) {
        log::info("reloaded url={}", url_);
    } else {
        log::error("not reloaded, everything stays as it was error={}",
                   quoted(reloaded.error().message));
    }
    return reloaded;
}

int Server::Impl::run() {
    ignore_write_signals();
    return_freed_memory();
    Result<Settings> resolved = options_.settings.resolved(Settings::process_environment());
    std::optional<StopSignals> signals;
    std::optional<ServerLog> log;
    std::optional<Deputy> stopper;
    try {
        signals.emplace(resolved && ServerSecurity::can_reload(*resolved));
        if (resolved) log.emplace(*resolved->log_level);
        stopper.emplace([this] { stop(); });
    } catch (const std::exception& e) {
        return refuse(start_error(e));
    }
    if (resolved && !*resolved->core_dumps) forbid_core_dumps();
    // So that `start` does not read the files of secrets again.
    if (resolved) options_.settings = std::move(*resolved);
    const Running running(*this, *signals);
    if (const Result<void> started = start(); !started) return refuse(started.error());
    wait_and_trim(*signals);
    stopper->begin();
    int ended = wait_for_stop(*signals, *settings_.drain_timeout + kGraceAfterDrain);
    if (ended > 0) {
        log::warn("hurrying");
        hurried_ = true;
        ended = wait_for_stop(*signals, kGraceInHurry);
    }
    if (ended != 0) leave_handlers_behind(log);
    stopper->join();
    // When another thread has called `stop`.
    if (left_behind()) leave_handlers_behind(log);
    return EXIT_SUCCESS;
}

}  // namespace a2akit
