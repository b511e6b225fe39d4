#pragma once

#include "client/http_client.hpp"

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/agent_card.hpp>
#include <a2akit/protocol/requests.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace a2akit::client {

/// The form of the operations in one binding, without any I/O: typed requests in, HTTP requests
/// out; bodies in, the JSON of the results out. Headers that are the same for every call are the
/// Client's.
class Binding {
public:
    virtual ~Binding() = default;

    virtual HttpRequest send(const SendMessageRequest& request) = 0;
    virtual HttpRequest stream(const SendMessageRequest& request) = 0;
    virtual HttpRequest get_task(const GetTaskRequest& request) = 0;
    virtual HttpRequest list_tasks(const ListTasksRequest& request) = 0;
    virtual HttpRequest cancel(const CancelTaskRequest& request) = 0;
    virtual HttpRequest subscribe(const SubscribeToTaskRequest& request) = 0;

    /// The JSON of the result within a whole answer, or within one event of a stream (status 200):
    /// a view into `body`. The agent's error, typed, when it is one; kInvalidAgentResponse when it
    /// is neither.
    [[nodiscard]] virtual Result<std::string_view> result(int status,
                                                          std::string_view body) const = 0;
};

/// The first interface of the card that speaks A2A 1.x in one of `bindings`. kVersionNotSupported,
/// with a list of what the card offers, when there is none.
[[nodiscard]] Result<AgentInterface> choose_interface(const AgentCard& card,
                                                      const std::vector<std::string>& bindings);

/// REQUIRES: `interface` is what choose_interface returned.
[[nodiscard]] std::unique_ptr<Binding> make_binding(const AgentInterface& interface);

/// The URL of the card of the agent at `url`; `url` itself when it names a JSON document already.
[[nodiscard]] std::string card_url(std::string_view url);

/// "a/b c" -> "a%2Fb%20c"
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace a2akit::client
