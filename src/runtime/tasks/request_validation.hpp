#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit {

/// contextId, messageId and Idempotency-Key: with owner and tenant they must fit into an index
/// (2704 bytes in PostgreSQL).
inline constexpr std::size_t kMaxIdBytes = kMaxNameBytes;

/// The rules of the agent card and the protocol for requests: everything that can be checked
/// without looking at a task. Immutable, and so safe from any thread.
class RequestRules {
public:
    explicit RequestRules(const AgentCard& card);

    /// The capabilities an operation needs (specification 1.0, section 3.3.4), then its parameters.
    [[nodiscard]] std::optional<Error> refuse(const RequestEnvelope& envelope) const;

    /// The requested extensions that the card names, in the order requested, each once;
    /// kExtensionSupportRequired when one is missing that the card requires.
    [[nodiscard]] Result<std::vector<std::string>> activate(
        const std::vector<std::string>& requested) const;

private:
    [[nodiscard]] std::optional<Error> refuse_capability(Operation operation) const;
    [[nodiscard]] std::optional<Error> refuse_send(const SendMessageRequest& request) const;
    [[nodiscard]] std::optional<Error> refuse_part(const Part& part, std::size_t index) const;

    bool streaming_;
    bool push_;
    bool extended_card_;
    std::vector<std::string> input_modes_;
    std::vector<std::string> extensions_;
    std::vector<std::string> required_extensions_;
};

}  // namespace a2akit
