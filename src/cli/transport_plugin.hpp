#pragma once

#include <a2akit/protocol/agent_card.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Bindings of others: a program a2a-transport-NAME, once it is enabled, stands between this tool
// and agents whose card names NAME as a binding. The contract is that of the official a2a-cli: the
// program serves one of A2A's own bindings on the loopback, and passes every request on.

namespace a2akit::cli {

/// The program of an enabled transport plugin; nullopt when there is none of this name.
[[nodiscard]] std::optional<std::string> enabled_transport(std::string_view name);

/// A transport plugin that runs. Destroying it closes its stdin, which ends it, and waits for that;
/// a program that does not end within two seconds is killed.
class TransportPlugin {
public:
    /// Starts `program serve --endpoint URL` and waits until it listens, half a minute at the most.
    /// Throws Failure (A2ACLI_ERR_UNREACHABLE) that says what it reported; an address that is not
    /// on this machine is refused.
    TransportPlugin(const std::string& program, const AgentInterface& wanted);
    TransportPlugin(TransportPlugin&&) noexcept;
    ~TransportPlugin();

    /// Where the plugin listens, in A2A's own binding.
    [[nodiscard]] const AgentInterface& interface() const noexcept;
    /// Sent with every request, as A2A-Plugin-Token: it shows the plugin who started it.
    [[nodiscard]] const std::string& token() const noexcept;
    /// PEM file of the only certificate that the plugin may show; empty without TLS.
    [[nodiscard]] const std::string& certificate_file() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace a2akit::cli
