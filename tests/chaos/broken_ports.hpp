#pragma once

#include <a2akit/ports.hpp>

namespace a2akit::chaos {

/// Which guarantees are taken away. For the test that shows that the oracle would notice; no server
/// has such switches.
struct Breakage {
    bool fencing = false;   ///< Appends ignore the epoch of the run that writes.
    bool sweeps = false;    ///< Maintenance::due finds nothing.
    bool tails = false;     ///< The tail check learns nothing new.
    bool renewals = false;  ///< No lease is ever renewed: what a stalled process looks like. Breaks
                            ///< no guarantee.
    bool repeats = false;   ///< An append that is repeated is another one.
    bool keys = false;      ///< No Idempotency-Key reaches the storage.
    bool acks = false;      ///< No entry of the broker is answered.
    bool handlers =
        false;  ///< Turns end without their handlers. The agent's worker does it, not a port.

    [[nodiscard]] bool any_port() const noexcept {
        return fencing || sweeps || tails || renewals || repeats || keys || acks;
    }
};

/// REQUIRES: storage, maintenance and broker are not null.
[[nodiscard]] Ports break_ports(Ports ports, Breakage breakage);

}  // namespace a2akit::chaos
