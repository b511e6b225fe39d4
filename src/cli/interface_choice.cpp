#include "cli/interface_choice.hpp"

#include "cli/failure.hpp"
#include "cli/transport_plugin.hpp"
#include "client/binding.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::cli {
namespace {

constexpr std::array<std::string_view, 3> kBindings{"JSONRPC", "HTTP+JSON", "GRPC"};

bool is_spoken(const AgentInterface& interface, const std::string& wanted_version) {
    const std::string& version = interface.protocol_version;
    if (!client::speaks(interface.protocol_binding) &&
        !enabled_transport(interface.protocol_binding))
        return false;
    const bool is_1_0 = version == "1" || version == "1.0" || version.starts_with("1.0.");
    const bool is_0_3 = version == "0.3" || version.starts_with("0.3.");
    // Versions below 1.0 have to be asked for.
    return wanted_version == "0.3" ? is_0_3
                                   : is_1_0 && (wanted_version.empty() || wanted_version == "1.0");
}

/// "JSONRPC or HTTP+JSON"
std::string spoken_bindings() {
    std::string list;
    for (const std::string_view binding : kBindings) {
        if (client::speaks(binding)) list += (list.empty() ? "" : " or ") + std::string(binding);
    }
    return list;
}

std::string offered_by(const AgentCard& card) {
    std::string offered;
    for (const AgentInterface& one : card.supported_interfaces) {
        if (!offered.empty()) offered += ", ";
        offered += one.protocol_binding + " " + one.protocol_version;
    }
    return offered;
}

}  // namespace

AgentInterface choose_interface(const AgentCard& card, const Options& options) {
    std::vector<const AgentInterface*> spoken;
    for (const AgentInterface& one : card.supported_interfaces) {
        if (is_spoken(one, options.a2a_version)) spoken.push_back(&one);
    }
    if (spoken.empty()) {
        const std::string wanted = options.a2a_version.empty() ? "1.0" : options.a2a_version;
        throw Failure("VersionNotSupportedError",
                      "the agent offers " + offered_by(card) + ", and A2A " + wanted + " over " +
                          spoken_bindings() + " is needed",
                      "a2akit card get lists the interfaces; choose a version with --a2a-version",
                      {});
    }
    for (const std::string& binding : options.transports) {
        for (const AgentInterface* one : spoken) {
            if (one->protocol_binding == binding) return *one;
        }
    }
    return *spoken.front();
}

}  // namespace a2akit::cli
