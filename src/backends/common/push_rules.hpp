#pragma once

#include <a2akit/storage/push_store.hpp>

#include <optional>

// The rules of PushStore about one configuration. Engines load a PushProgress, ask here, and store
// what they get back.

namespace a2akit::backends {

/// Stored by number: never renumbered.
enum class PushState : std::uint8_t {
    kActive = 0,
    kDone = 1,      ///< The task has ended and everything is delivered.
    kGivenUp = 2,   ///< A dead letter.
    kDisabled = 3,  ///< The receiver wants no more.
};

/// How far the deliveries of one configuration have come.
struct PushProgress {
    Sequence cursor = 0;
    PushState state = PushState::kActive;
    bool task_first = false;
    int attempts = 0;
    Timestamp next_try{};  ///< Due from then on.
    std::uint64_t lease = 0;
    Timestamp lease_until{};
    std::string reason{};  ///< Of the dead letter.
    Timestamp at{};        ///< When it was given up.
};

/// What the rules need to know about the task.
struct PushTaskFacts {
    Sequence last = 0;
    bool revealed = true;
    bool ended = false;
};

/// Of a new configuration.
[[nodiscard]] PushProgress new_progress(const NewPushConfig& config, const PushTaskFacts& task,
                                        Timestamp now);
/// Of a configuration that replaces the one with this progress.
[[nodiscard]] PushProgress replaced_progress(PushProgress before, const NewPushConfig& config,
                                             Timestamp now);
/// Whether something has to be delivered that nobody is delivering.
[[nodiscard]] bool is_due(const PushProgress& progress, const PushTaskFacts& task, Timestamp now);
/// Whether the log is needed for a delivery, now or later.
[[nodiscard]] bool needs_log(const PushProgress& progress, const PushTaskFacts& task);
void take_lease(PushProgress& progress, Lease lease, Timestamp now);
/// False: the lease is not the configuration's any more, and nothing changes.
[[nodiscard]] bool settle(PushProgress& progress, std::uint64_t lease, const PushOutcome& outcome,
                          const PushTaskFacts& task, Timestamp now);
/// False: it is not a dead letter, and nothing changes.
[[nodiscard]] bool redrive(PushProgress& progress, Timestamp now);

[[nodiscard]] Error too_many_configs(const NewPushConfig& config);
[[nodiscard]] Error lost_push_lease();
[[nodiscard]] Error no_dead_delivery();

}  // namespace a2akit::backends
