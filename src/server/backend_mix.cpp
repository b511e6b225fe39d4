#include "server/backend_mix.hpp"

#include <array>
#include <string_view>

namespace a2akit {
namespace {

/// Whether other processes may use the same URL.
bool is_shared(std::string_view url) {
    constexpr std::array<std::string_view, 4> kShared{
        "postgresql:", "postgres:", "redis:", "rediss:"};
    for (const std::string_view scheme : kShared) {
        if (url.starts_with(scheme)) return true;
    }
    return false;
}

}  // namespace

Result<std::vector<std::string>> check_mix(const Ports& given, const Settings& settings) {
    std::vector<std::string> warnings;
    if (given.storage) return warnings;
    const bool storage_shared = is_shared(*settings.storage);
    const bool broker_shared = is_shared(*settings.broker);
    if (!given.broker && broker_shared && !storage_shared) {
        return fail(Error::invalid_field(
            "A2AKIT_BROKER",
            "is shared by several nodes, but A2AKIT_STORAGE is not: other nodes would take "
            "runs of tasks that they do not know; set A2AKIT_STORAGE to a database that the "
            "nodes share, or leave A2AKIT_BROKER as it is"));
    }
    if (!storage_shared) return warnings;
    if (!given.broker && !broker_shared) {
        warnings.emplace_back(
            "A2AKIT_BROKER is not shared, though A2AKIT_STORAGE is: a task waits for the node that "
            "took it, or for a "
            "sweep; with more than one node set A2AKIT_BROKER to the URL of A2AKIT_STORAGE");
    }
    if (!given.event_bus && !is_shared(*settings.event_bus)) {
        warnings.emplace_back(
            "A2AKIT_EVENT_BUS is not shared, though A2AKIT_STORAGE is: what happens on another "
            "node is seen up to a second "
            "later; with more than one node set A2AKIT_EVENT_BUS to the URL of A2AKIT_STORAGE");
    }
    if (!given.cancel_registry && !is_shared(*settings.cancel_registry)) {
        warnings.emplace_back(
            "A2AKIT_CANCEL_REGISTRY is not shared, though A2AKIT_STORAGE is: a cancel on another "
            "node reaches the handler "
            "with its next lease renewal; with more than one node set A2AKIT_CANCEL_REGISTRY to "
            "the URL of A2AKIT_STORAGE");
    }
    return warnings;
}

}  // namespace a2akit
