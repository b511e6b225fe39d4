#include "runtime/limits/load.hpp"

#include <chrono>
#include <string>

namespace a2akit {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(1);

bool answers_with_stream(Operation operation) noexcept {
    return operation == Operation::kSendStreamingMessage ||
           operation == Operation::kSubscribeToTask;
}

}  // namespace

// Sends have a limit of their own, as they may wait for hours: counted with the other calls, they
// would keep out those that read and cancel their tasks.
Permit Load::take_call(Operation operation) noexcept {
    if (answers_with_stream(operation)) return Permit::take(streams_, limits_.streams);
    if (operation == Operation::kSendMessage) return Permit::take(sends_, limits_.waiting_sends);
    return Permit::take(pending_, limits_.pending_requests);
}

Error Load::at_limit(std::string_view what) {
    return Error::unavailable("the server is at its limit of " + std::string(what), kRetryAfter);
}

Error Load::at_limit(Operation operation) {
    if (answers_with_stream(operation)) return at_limit("open streams");
    return at_limit(operation == Operation::kSendMessage ? "waiting sends" : "pending requests");
}

Error Load::response_unsent() {
    return at_limit(
        "answers that wait for their clients to read them; a message that was sent has been taken: "
        "get its task");
}

}  // namespace a2akit
