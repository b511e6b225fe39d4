#include "runtime/agent_scope.hpp"

namespace a2akit {
namespace {

// "Unit separator": no agent's name has one, and few principals' names do.
constexpr char kMark = '\x1f';

/// Where the agent's name ends; 0 when the owner carries none.
std::size_t end_of_agent(std::string_view owner) noexcept {
    if (!owner.starts_with(kMark)) return 0;
    const std::size_t end = owner.find(kMark, 1);
    return end == std::string_view::npos ? 0 : end;
}

}  // namespace

std::string owner_with_agent(std::string_view agent, std::string principal) {
    if (agent.empty() && !principal.starts_with(kMark)) return principal;
    std::string owner;
    owner.reserve(agent.size() + principal.size() + 2);
    owner.append(1, kMark).append(agent).append(1, kMark).append(principal);
    return owner;
}

std::string_view agent_of(const OwnerScope& scope) noexcept {
    const std::string_view owner = scope.owner;
    const std::size_t end = end_of_agent(owner);
    return end == 0 ? std::string_view() : owner.substr(1, end - 1);
}

std::string_view principal_of(const OwnerScope& scope) noexcept {
    const std::string_view owner = scope.owner;
    const std::size_t end = end_of_agent(owner);
    return end == 0 ? owner : owner.substr(end + 1);
}

std::uint64_t agent_key(std::string_view agent) noexcept {
    // FNV-1a, since std::hash may differ from one process to the next.
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const char c : agent) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3ULL;
    }
    return hash | 1U;
}

}  // namespace a2akit
