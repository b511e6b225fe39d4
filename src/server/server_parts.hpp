#pragma once

#include "http/options.hpp"
#include "server/agent_site.hpp"
#include "server/push_node.hpp"

#include <a2akit/core/async.hpp>
#include <a2akit/ports.hpp>
#include <a2akit/server/server.hpp>

#include <functional>
#include <memory>
#include <vector>

/// What the settings mean for the parts of a server.
namespace a2akit {

[[nodiscard]] CardForms card_forms(const Settings& settings);
[[nodiscard]] http::Options http_options(const Settings& settings);

/// Refuses a worker that can't do without its context, and a broker that may hand its turns to
/// another node.
[[nodiscard]] Result<void> check_context(const std::vector<AgentOptions>& agents,
                                         const Ports& given, const Settings& settings);
/// Refuses push notifications that could not be kept or sent.
[[nodiscard]] Result<void> check_push(const CardConfig& card, const Settings& settings,
                                      const Ports& ports);
/// Null when no agent sends push notifications.
[[nodiscard]] std::unique_ptr<PushNode> make_push_node(const std::vector<AgentOptions>& agents,
                                                       const Settings& settings,
                                                       const Ports& ports);

/// Encrypts what the storage is given if there are keys. Returns the check that they are the right
/// ones; null for a storage in memory, which keeps nothing.
[[nodiscard]] std::function<AsyncResult<void>()> seal(Ports& ports, bool in_memory,
                                                      const Settings& settings);
/// Secrets that the parts of the server have taken by now, each what it needs of them.
void wipe_secrets(Settings& settings) noexcept;

}  // namespace a2akit
