#pragma once

#include "client/http_client.hpp"

#include <a2akit/client/client_stream.hpp>
#include <a2akit/core/result.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace a2akit::client {

class JsonBinding;

/// The events of one stream out of its bytes, which arrive in any pieces. Without any I/O; used by
/// one coroutine at a time.
class EventDecoder {
public:
    virtual ~EventDecoder() = default;

    /// Takes the next bytes. kInvalidAgentResponse when they can't be events, or when one is larger
    /// than allowed.
    virtual Result<void> feed(std::string_view bytes) = 0;
    /// The next event that has arrived whole; nullopt when there is none. The agent's error, typed,
    /// when it is one; kInvalidAgentResponse when it is neither.
    virtual Result<std::optional<StreamEvent>> next() = 0;
    /// What the trailers, which follow the last byte, say about the end of the stream: an error
    /// when it failed.
    virtual Result<void> finish(const Headers& trailers) {
        (void)trailers;
        return {};
    }
    /// How long the agent asks to wait before the stream is resumed.
    [[nodiscard]] virtual std::optional<Duration> retry() const noexcept { return std::nullopt; }
};

/// Server-sent events whose data are those of `binding`, which has to outlive the decoder.
[[nodiscard]] std::unique_ptr<EventDecoder> make_sse_decoder(const JsonBinding& binding,
                                                             std::size_t max_event_bytes);

}  // namespace a2akit::client
