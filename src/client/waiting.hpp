#pragma once

#include <a2akit/core/when.hpp>

#include <optional>

namespace a2akit::client {

/// Waits until `signal` is raised (true) or until `until` (false). Throws Cancelled as soon as the
/// coroutine is asked to end early.
Async<bool> wait_for(Signal& signal, std::optional<SteadyTime> until);

}  // namespace a2akit::client
