#pragma once

#include "wire/endpoint.hpp"

#include <string>
#include <string_view>

/// Which paths there are and which methods they take; nothing about headers.
namespace a2akit::wire {

/// The meaning of a path and method. `allow` is set for a known path with another method.
struct RouteMatch {
    enum class Outcome { kFound, kUnknownPath, kMethodNotAllowed, kOptions, kMalformed };
    Outcome outcome = Outcome::kUnknownPath;
    Route route;
    std::string allow;             ///< For kMethodNotAllowed and kOptions: "GET, POST".
    bool shared_with_v03 = false;  ///< Protocol 0.3 has this path too.
    bool only_v03 = false;         ///< Only protocol 0.3 has it.
    bool chat = false;             ///< A path of chat completions.
};

[[nodiscard]] RouteMatch match_route(std::string_view method, std::string_view target,
                                     const Resources& resources = {});

/// The version of the form in which to refuse this request. An unknown path counts as 0.3's when it
/// begins with /v1/.
[[nodiscard]] Version version_of_error(const RouteMatch& match, const RequestHead& head,
                                       const Versions& versions);

/// False for names that belong to the server, and for the first segments of operations.
[[nodiscard]] bool may_be_tenant(std::string_view segment) noexcept;

/// True for the operations whose path says everything.
[[nodiscard]] constexpr bool takes_empty_body(Operation operation) noexcept {
    return operation == Operation::kCancelTask || operation == Operation::kSubscribeToTask;
}

/// True for the operations whose answer is a stream.
[[nodiscard]] constexpr bool is_streaming(Operation operation) noexcept {
    return operation == Operation::kSendStreamingMessage ||
           operation == Operation::kSubscribeToTask;
}

}  // namespace a2akit::wire
