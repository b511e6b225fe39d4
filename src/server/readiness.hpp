#pragma once

#include "runtime/runs/worker_node.hpp"

#include <a2akit/core/loop.hpp>
#include <a2akit/ports.hpp>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace a2akit {

/// Finds out whether this node can do work: it tries the calls of each port that work needs, and
/// looks for free run slots.
///
/// Concurrent requests share one check of the ports, and its result is kept for a moment, so that
/// requests cannot turn a node red or load its backends. The ports are asked on the upkeep loop,
/// which no handler holds up.
///
/// Anyone may ask, so a port's account of its state goes to the log, and into the response only if
/// failures are shown (Settings::show_failures).
class Readiness {
public:
    enum class Level {
        kReady,
        kDegraded,  ///< Tasks are accepted and run; wake-ups or cancels arrive late.
        kDown,      ///< Tasks cannot be accepted, or do not run.
    };
    struct Answer {
        Level level = Level::kDown;
        /// A JSON object: for the name of each part, "ok" or the problem.
        std::string checks;
    };

    /// How long a result is kept.
    static constexpr Duration kFresh{1000};
    /// A port's time to answer.
    static constexpr Duration kCheckTimeout{1500};
    /// The node counts as occupied when, for this long, all run slots were taken and no run began
    /// or ended.
    static constexpr Duration kOccupied{1000};

    /// REQUIRES: `upkeep` and `node` outlive it; no port is null.
    Readiness(Loop& upkeep, Ports ports, const WorkerNode& node);

    /// On any loop.
    Async<Answer> ask();
    /// Returns once no check is under way. Called on the upkeep loop; no check may begin
    /// afterwards.
    Async<void> stop();

private:
    struct Port {
        bool under_way = false;
        Signal done;
        Result<void> result;
    };
    static constexpr std::size_t kPorts = 4;

    [[nodiscard]] std::optional<Answer> fresh_answer();
    Async<Answer> refresh();
    Async<void> probe();
    Async<void> check(std::size_t port);
    AsyncResult<void> check_port(std::size_t port);
    void log_news(const std::map<std::string, std::string>& failures) const;
    [[nodiscard]] std::string occupied() const;

    Loop& upkeep_;
    const Ports ports_;
    const WorkerNode& node_;
    std::mutex mutex_;
    Answer answer_;                          ///< Under the mutex.
    std::optional<SteadyTime> fresh_until_;  ///< Likewise; absent: there was no check yet.

    // On the upkeep loop:
    std::array<Port, kPorts> checks_;
    std::map<std::string, std::string> failures_;  ///< Names of ports, by their problem.
    std::vector<Signal*> waiting_;                 ///< For the end of the current check.
    bool probing_ = false;
    TaskGroup group_;
};

}  // namespace a2akit
