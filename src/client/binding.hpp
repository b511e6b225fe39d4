#pragma once

#include "client/http_client.hpp"
#include "wire/client_codec.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/request/request_envelope.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::client {

/// The form of the operations in one binding and version, without any I/O: typed requests in, HTTP
/// requests out; bodies in, typed replies out. Headers that are the same for every call are the
/// Session's. Stateless, and so safe from any thread.
class Binding {
public:
    Binding(AgentInterface interface, const wire::ClientCodec& codec)
        : interface_(std::move(interface)), codec_(codec) {}
    virtual ~Binding() = default;

    [[nodiscard]] const AgentInterface& interface() const noexcept { return interface_; }
    [[nodiscard]] const wire::ClientCodec& codec() const noexcept { return codec_; }

    /// kUnsupportedOperation when this version of the protocol does not have the operation.
    [[nodiscard]] virtual Result<HttpRequest> request(Operation operation,
                                                      const OperationParams& params) const = 0;

    /// The JSON of the result within a whole answer, or within one event of a stream (status 200):
    /// a view into `body`. The agent's error, typed, when it is one; kInvalidAgentResponse when it
    /// is neither.
    [[nodiscard]] virtual Result<std::string_view> result(int status,
                                                          std::string_view body) const = 0;
    /// The reply within a whole answer.
    [[nodiscard]] Result<Reply> reply(int status, std::string_view body, Operation operation) const;
    /// The event within the data of a server-sent event.
    [[nodiscard]] Result<StreamResponse> event(std::string_view data) const;

protected:
    [[nodiscard]] virtual bool is_json_rpc() const noexcept = 0;

private:
    AgentInterface interface_;
    const wire::ClientCodec& codec_;
};

/// The interfaces of the card that this client speaks in one of `bindings` and one of `versions`,
/// in the card's order. kVersionNotSupported, with a list of what the card offers, when there is
/// none.
[[nodiscard]] Result<std::vector<AgentInterface>> choose_interfaces(
    const AgentCard& card, const std::vector<std::string>& bindings,
    const std::vector<std::string>& versions = {"1.0", "0.3"});

/// REQUIRES: `interface` is what choose_interfaces returned.
[[nodiscard]] std::unique_ptr<const Binding> make_binding(AgentInterface interface);

/// The URL of the card of the agent at `url`; `url` itself when it names a JSON document already.
[[nodiscard]] std::string card_url(std::string_view url);

}  // namespace a2akit::client
