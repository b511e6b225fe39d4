#include "runtime/runs/worker_node.hpp"

#include <fmt/format.h>

namespace a2akit {

std::string too_many_attempts(int attempts) {
    return fmt::format(
        "this turn was tried {} times, and each time its run was lost with its node, its lease or "
        "the storage; it is "
        "not tried again",
        attempts);
}

}  // namespace a2akit
