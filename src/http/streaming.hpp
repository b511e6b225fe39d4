#pragma once

#include "http/answering.hpp"
#include "http/exchange.hpp"
#include "http/link.hpp"

#include <cstddef>
#include <memory>

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
        if (waiting_for_ != nullptr) waiting_for_->wake();
    }
    /// At the deadline of Phase::kStreaming.
    void on_heartbeat() noexcept {
        heartbeat_due_ = true;
        wake();
    }

private:
    /// Encodes items from `next` on, and moves `next` behind them: all items, or a piece of a large
    /// batch.
    bool write_batch(OpenStream& stream, std::size_t& next);
    /// REQUIRES: `stream` lives until it has returned.
    Async<void> send_batch(OpenStream& stream);
    void break_off();

    Link& link_;
    Exchange& exchange_;
    EventStream* waiting_for_ = nullptr;
    bool heartbeat_due_ = false;
};

}  // namespace a2akit::http
