#include "server/readiness.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

#include <a2akit/protocol/json.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace a2akit {
namespace {

constexpr std::array<const char*, 4> kNames{"storage", "broker", "event_bus", "cancel_registry"};

/// Without the other ports, tasks are still accepted and run: sweeps and renewals find the signals
/// that were lost.
constexpr bool is_needed(std::size_t port) noexcept { return port < 2; }

}  // namespace

Readiness::Readiness(Loop& upkeep, Ports ports, const WorkerNode& node)
    : upkeep_(upkeep), ports_(std::move(ports)), node_(node) {}

Async<void> Readiness::stop() { co_await group_.join(); }

std::optional<Readiness::Answer> Readiness::fresh_answer() {
    const std::lock_guard lock(mutex_);
    if (!fresh_until_ || *fresh_until_ < Loop::current()->now()) return std::nullopt;
    return answer_;
}

Async<Readiness::Answer> Readiness::ask() {
    if (auto answer = fresh_answer()) co_return std::move(*answer);
    Loop& home = *Loop::current();
    co_await resume_on(upkeep_);
    Answer answer = co_await refresh();
    co_await resume_on(home);
    co_return answer;
}

Async<Readiness::Answer> Readiness::refresh() {
    if (auto answer = fresh_answer()) co_return std::move(*answer);
    Signal ended;
    waiting_.push_back(&ended);
    if (!probing_) group_.spawn(probe());
    co_await ended.wait();
    const std::lock_guard lock(mutex_);
    co_return answer_;
}

Async<void> Readiness::probe() {
    probing_ = true;
    const SteadyTime until = upkeep_.now() + kCheckTimeout;
    for (std::size_t port = 0; port < kPorts; ++port) {
        // A port that has not answered yet is not asked again.
        if (!checks_[port].under_way) group_.spawn(check(port));
    }
    Answer answer;
    answer.level = Level::kReady;
    std::map<std::string, std::string> failures;
    for (std::size_t port = 0; port < kPorts; ++port) {
        Port& asked = checks_[port];
        const bool answered = co_await asked.done.wait_until(until);
        std::string outcome = "ok";
        if (!answered) {
            outcome = "no answer";
        } else if (!asked.result) {
            const std::string& said = asked.result.error().message;
            outcome = node_.options.show_failures ? said : "failed";
            std::string& names = failures[said];
            names.append(names.empty() ? "" : ",").append(kNames[port]);
        }
        if (outcome != "ok") {
            const Level level = is_needed(port) ? Level::kDown : Level::kDegraded;
            answer.level = std::max(answer.level, level);
        }
        answer.checks.append(port == 0 ? "{\"" : ",\"").append(kNames[port]).append("\":");
        answer.checks.append(json_string(outcome).text());
    }
    log_news(failures);
    failures_ = std::move(failures);
    const std::string slots = occupied();
    if (!slots.empty()) answer.level = Level::kDown;
    answer.checks.append(",\"run_slots\":")
        .append(json_string(slots.empty() ? "ok" : slots).text())
        .append("}");
    {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
        fresh_until_ = upkeep_.now() + kFresh;
    }
    probing_ = false;
    for (Signal* one : std::exchange(waiting_, {})) one->set();
}

// One line per outage, even if it lasts long and affects several ports.
void Readiness::log_news(const std::map<std::string, std::string>& failures) const {
    for (const auto& [said, names] : failures) {
        if (failures_.contains(said)) continue;
        log::warn("not ready ports={} error={}", names, quoted(said));
    }
}

Async<void> Readiness::check(std::size_t port) {
    Port& asked = checks_[port];
    asked.under_way = true;
    asked.done.reset();
    try {
        asked.result = co_await check_port(port);
    } catch (const std::exception&) {
        asked.result = fail(ErrorCode::kInternal, "the check failed");
    }
    asked.under_way = false;
    asked.done.set();
}

AsyncResult<void> Readiness::check_port(std::size_t port) {
    switch (port) {
        case 0:
            return ports_.storage->check();
        case 1:
            return ports_.broker->check();
        case 2:
            return ports_.event_bus->check();
        default:
            return ports_.cancel_registry->check();
    }
}

std::string Readiness::occupied() const {
    const int most = node_.options.max_concurrent_tasks;
    if (node_.active_runs.load() < most) return {};
    if (upkeep_.now() - node_.runs_changed.load() < kOccupied) return {};
    return "all " + std::to_string(most) + " are taken (A2AKIT_MAX_CONCURRENT_TASKS)";
}

}  // namespace a2akit
