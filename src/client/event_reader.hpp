#pragma once

#include "client/session.hpp"

#include <a2akit/client/client_stream.hpp>

#include <memory>
#include <optional>

namespace a2akit::client {

/// Bytes of one HTTP answer, made into the events of a task.
class EventReader {
public:
    /// REQUIRES: `options` outlive it.
    EventReader(OpenStream stream, const ClientOptions& options);

    /// The next event; nullopt at the end of the bytes, which may be that of the stream or a cut.
    /// kUnavailable when the connection broke; otherwise the agent's error.
    AsyncResult<std::optional<StreamEvent>> next();
    /// How long the agent asks to wait before the stream is resumed.
    [[nodiscard]] std::optional<Duration> retry() const noexcept { return decoder_->retry(); }

private:
    OpenStream stream_;
    const ClientOptions& options_;
    std::unique_ptr<EventDecoder> decoder_;
};

}  // namespace a2akit::client
