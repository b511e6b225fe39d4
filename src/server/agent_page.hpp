#pragma once

#include "wire/endpoint.hpp"

#include <string>
#include <vector>

namespace a2akit {

struct ListedAgent {
    std::string name;
    std::string description;
    std::string version;
    std::string url;  ///< Of its JSON-RPC interface, without a slash at its end.
};

/// The page of a server with several agents, for people: name, description, address and card of
/// each. It has no script, no style and no form, and its headers forbid a browser to load or frame
/// anything.
[[nodiscard]] wire::HttpResponse agent_page(const std::vector<ListedAgent>& agents);

}  // namespace a2akit
