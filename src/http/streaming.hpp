#pragma once

#include "http/answering.hpp"
#include "http/exchange.hpp"
#include "http/link.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace a2akit::http {

/// Sends the events of a stream until it ends or its client leaves. While the stream is idle, it
/// holds no buffers.
class Streaming {
public:
    /// REQUIRES: link and exchange outlive it.
    Streaming(Link& link, Exchange& exchange) noexcept : link_(link), exchange_(exchange) {}

    Async<void> run(std::unique_ptr<OpenStream> stream);

    /// Something has happened that a stream without events has to see.
    void wake() noexcept {
        if (waiting_ != nullptr) waiting_->events->wake();
    }
    /// At the deadline of Phase::kStreaming.
    void on_heartbeat() noexcept;

private:
    /// For as long as it lives, a stream waits for events.
    class Wait;
    /// Sends the heartbeat of a waiting stream without resuming it. False: the socket does not
    /// accept all of it now.
    bool send_heartbeat() noexcept;
    [[nodiscard]] std::string_view unsent_heartbeat() const noexcept;
    /// Encodes items from `next` on, and moves `next` behind them: all items, or a piece of a large
    /// batch.
    bool write_batch(OpenStream& stream, std::size_t& next);
    /// REQUIRES: `stream` lives until it has returned.
    Async<void> send_batch(OpenStream& stream);
    void break_off();

    Link& link_;
    Exchange& exchange_;
    OpenStream* waiting_ = nullptr;   ///< The stream, while it waits for events.
    std::size_t heartbeat_left_ = 0;  ///< The bytes of a heartbeat that are still to be sent.
};

}  // namespace a2akit::http
