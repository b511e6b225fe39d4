#include "http/streaming.hpp"

#include "core/log.hpp"
#include "http/reply_size.hpp"

#include <utility>

namespace a2akit::http {
namespace {

// A batch may hold hundreds of large events: they are encoded piece by piece.
constexpr std::size_t kPiece = std::size_t{64} * 1024;
// Between two events of this size, other connections are served.
constexpr std::size_t kLargeEvent = std::size_t{128} * 1024;

std::string heartbeat_text(bool chunked) {
    std::string text;
    const std::size_t chunk = chunked ? begin_chunk(text) : 0;
    wire::encode_heartbeat(text);
    if (chunked) end_chunk(text, chunk);
    return text;
}

const std::string& heartbeat(bool chunked) {
    static const std::string texts[] = {heartbeat_text(false), heartbeat_text(true)};
    return texts[chunked ? 1 : 0];
}

}  // namespace

class Streaming::Wait {
public:
    Wait(Streaming& streaming, OpenStream& stream) noexcept : streaming_(streaming) {
        streaming_.waiting_ = &stream;
    }
    /// Also when the stream throws, which destroys it.
    ~Wait() { streaming_.waiting_ = nullptr; }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

private:
    Streaming& streaming_;
};

Async<void> Streaming::run(std::unique_ptr<OpenStream> stream) {
    // Without chunks, only the end of the connection ends the stream.
    if (exchange_.http_1_0) exchange_.keep_alive = false;
    link_.watch_client();
    for (;;) {
        link_.wait_in(Link::Phase::kStreaming, link_.options().heartbeat);
        // Not a local, for which the frame would have room as long as the stream is idle.
        EventStream::Batch& batch = stream->batch;
        {
            const Wait wait(*this, *stream);
            batch = co_await stream->events->next();
        }
        if (link_.ended()) break;
        if (batch.end == EventStream::End::kMore && link_.state().draining && batch.items.empty()) {
            batch.end = EventStream::End::kDraining;
        }
        co_await send_batch(*stream);
        const bool last = batch.end != EventStream::End::kMore;
        batch = EventStream::Batch();
        if (last || link_.broken() || link_.ended()) break;
    }
    if (link_.client().gone()) link_.set_broken();
    link_.work();
    heartbeat_left_ = 0;
}

void Streaming::on_heartbeat() noexcept {
    if (heartbeat_left_ == 0) heartbeat_left_ = heartbeat(!exchange_.http_1_0).size();
    // Thousands of idle streams have one heartbeat each every few seconds.
    if (waiting_ != nullptr && !waiting_->head && send_heartbeat())
        link_.wait_in(Link::Phase::kStreaming, link_.options().heartbeat);
    else
        wake();
}

bool Streaming::send_heartbeat() noexcept {
    net::NetError error;
    heartbeat_left_ -= link_.socket().try_send(unsent_heartbeat(), error);
    if (error) link_.set_broken();
    return heartbeat_left_ == 0;
}

std::string_view Streaming::unsent_heartbeat() const noexcept {
    const std::string_view whole = heartbeat(!exchange_.http_1_0);
    return whole.substr(whole.size() - heartbeat_left_);
}

/// The next batch is read after the client has received this one, so a client that does not read
/// holds only one batch in memory.
Async<void> Streaming::send_batch(OpenStream& stream) {
    const EventStream::Batch& batch = stream.batch;
    std::size_t next = 0;
    do {
        LargeTurns::Turn turn;
        if (next < batch.items.size()) {
            const std::size_t bytes = content_size(batch.items[next]);
            if (!link_.hold_unsent(bytes)) co_return break_off();
            if (bytes > kLargeEvent) turn = co_await link_.large_turn();
        }
        if (write_batch(stream, next)) {
            turn = {};
            if (!link_.hold_unsent(link_.state().out.size())) co_return break_off();
            co_await link_.flush();
        }
        link_.release_unsent();
    } while (next < batch.items.size() && !link_.broken() && !link_.ended());
}

/// The client reconnects with the last id that it has seen, and misses nothing.
void Streaming::break_off() {
    log::warn(
        "a stream ends: the server is at its limit of unsent bytes (A2AKIT_MAX_RESPONSE_BYTES) "
        "request_id={}",
        exchange_.request_id);
    std::string().swap(link_.state().out);
    link_.release_unsent();
    link_.set_broken();
}

/// Encodes the items that are ready into the loop's buffer. False: there are none.
bool Streaming::write_batch(OpenStream& stream, std::size_t& next) {
    EventStream::Batch& batch = stream.batch;
    const bool chunked = !exchange_.http_1_0;
    std::string& out = link_.state().out;
    out.clear();
    if (stream.head) {
        Framing how = exchange_.framing();
        how.chunked = chunked;
        how.until_close = !chunked;
        append_head(out, *stream.head, how);
        stream.head.reset();
    }
    if (heartbeat_left_ != 0) out.append(unsent_heartbeat());
    heartbeat_left_ = 0;
    const std::size_t head_size = out.size();
    const std::size_t chunk = chunked ? begin_chunk(out) : 0;
    const std::size_t before = out.size();
    while (next < batch.items.size() && out.size() < kPiece) {
        StreamItem& item = batch.items[next];
        // They arrive as the only item.
        if (out.size() != before && content_size(item) > kLargeEvent) break;
        wire::encode_stream_item(stream.form, item, out);
        item = {};
        ++next;
    }
    const bool last = batch.end != EventStream::End::kMore && next == batch.items.size();
    if (last) wire::encode_stream_end(stream.form, batch, out);
    if (out.size() == before)
        out.resize(head_size);
    else if (chunked)
        end_chunk(out, chunk);
    if (last && chunked) out.append(kLastChunk);
    return !out.empty();
}

}  // namespace a2akit::http
