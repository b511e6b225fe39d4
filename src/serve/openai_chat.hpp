#pragma once

#include <a2akit/core/result.hpp>
#include <a2akit/protocol/raw_json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The JSON of OpenAI's chat completions, as far as text goes; without any I/O.

namespace a2akit::serve {

struct ChatMessage {
    std::string role;  ///< "system", "user" or "assistant".
    std::string content;
    friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// A conversation as it is kept between messages: `[{"role":…,"content":…},…]`.
[[nodiscard]] std::string write_chat(const std::vector<ChatMessage>& messages);
/// Reads what `write_chat` wrote; nothing when it is something else.
[[nodiscard]] std::vector<ChatMessage> read_chat(const RawJson& value);
/// Drops the oldest messages, so that the contents of the rest have at most `most` bytes together.
/// The last message stays in any case.
void shorten_chat(std::vector<ChatMessage>& messages, std::size_t most);

/// The body of a request for a streamed completion.
[[nodiscard]] std::string completion_request(std::string_view model,
                                             const std::vector<ChatMessage>& messages);

/// What one event of a streamed answer, or a whole answer, says.
struct Completion {
    std::string text = {};           ///< The next words of the answer, or all of them.
    std::string finish_reason = {};  ///< Empty: the answer goes on.
    std::optional<std::string> error = {};
};
/// kInvalidAgentResponse when it is not JSON of that form.
[[nodiscard]] Result<Completion> read_completion(std::string_view json);

/// The address for completions below the URL that an operator gives: "http://host/v1" and
/// "http://host" both mean "http://host/v1/chat/completions".
[[nodiscard]] std::string completions_url(std::string_view base);

}  // namespace a2akit::serve
