#include "runtime/runs/worker_node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace a2akit {

const ServedAgent* WorkerNode::agent_for(const OwnerScope& owner) const noexcept {
    const std::string_view name = agent_of(owner);
    const auto found = std::find_if(agents.begin(), agents.end(),
                                    [&](const ServedAgent& agent) { return agent.name == name; });
    return found == agents.end() ? nullptr : &*found;
}

bool WorkerNode::may_serve(std::uint64_t key) const noexcept {
    return key == 0 || std::any_of(agents.begin(), agents.end(),
                                   [&](const ServedAgent& agent) { return agent.key == key; });
}

std::string too_many_attempts(int attempts) {
    return fmt::format(
        "this turn was tried {} times, and each time its run was lost with its node, its lease or "
        "the storage; it is "
        "not tried again",
        attempts);
}

}  // namespace a2akit
