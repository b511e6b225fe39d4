#pragma once

#include "runtime/worker_node.hpp"

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

/// Whether this node can do work: it asks each port to do what work needs of it, and looks for free
/// run slots.
///
/// However many ask at once, the ports are asked once, and the answer holds for a moment: nobody
/// can turn a node red, or load its backends, by asking. The ports are asked on the upkeep loop,
/// which no handler holds up.
///
/// Anybody may ask: what a port says of its state goes to the log, and into the answer only where
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
        /// A JSON object: "ok" or what stands in the way, by the name of the part.
        std::string checks;
    };

    /// An answer holds so long.
    static constexpr Duration kFresh{1000};
    /// So long a port has to answer.
    static constexpr Duration kCheckTimeout{1500};
    /// So long all run slots have to be taken, and no run may begin or end, before the node counts
    /// as occupied.
    static constexpr Duration kOccupied{1000};

    /// REQUIRES: `upkeep` and `node` outlive it; no port is null.
    Readiness(Loop& upkeep, Ports ports, const WorkerNode& node);

    /// On any loop.
    Async<Answer> ask();
    /// Returns once no port is being asked any more. On the upkeep loop; nobody asks from then on.
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
    std::optional<SteadyTime> fresh_until_;  ///< Likewise; absent: nothing was asked yet.

    // On the upkeep loop:
    std::array<Port, kPorts> checks_;
    std::map<std::string, std::string> failures_;  ///< Names of ports, by what is wrong with them.
    std::vector<Signal*> waiting_;  ///< For the end of the probe that is under way.
    bool probing_ = false;
    TaskGroup group_;
};

}  // namespace a2akit
