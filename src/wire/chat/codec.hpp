#pragma once

#include "wire/codec.hpp"

#include <optional>
#include <string_view>

/// OpenAI's chat completions as one more way to talk to an agent: its last user message is the
/// message, the artifacts are the answer. Only when Versions::chat says so.
namespace a2akit::wire::chat {

/// Writes replies as "chat.completion", events as "chat.completion.chunk", and errors as OpenAI
/// does.
[[nodiscard]] const wire::Codec& codec() noexcept;

/// Reads the body of POST /v1/chat/completions: sets the operation (a stream is asked for in the
/// body), the parameters, and the name of the model, which is echoed, as AnswerForm::rpc_id. The
/// header X-Conversation-Id is the contextId, and Idempotency-Key the messageId, so that a repeat
/// is the same request. Earlier messages become the request's metadata, {"messages":[…]}.
/// kParseError or kInvalidParams.
[[nodiscard]] Result<void> read_request(std::string_view body, const RequestHead& head, Call& call);

/// Why a reply is not an answer: its task has failed, was rejected or canceled. Absent otherwise.
[[nodiscard]] std::optional<Error> failure_in(const Reply& reply);

/// The body of GET /v1/models with this one model.
[[nodiscard]] HttpResponse models(std::string_view name);

}  // namespace a2akit::wire::chat
