#include "http/connection.hpp"

#include "core/log.hpp"
#include "http/reply_size.hpp"

#include <utility>

namespace a2akit::http {
namespace {

// A batch may hold hundreds of large events: they are encoded piece by piece.
constexpr std::size_t kPiece = std::size_t{64} * 1024;
// Between two events of this size, other connections are served.
constexpr std::size_t kLargeEvent = std::size_t{128} * 1024;

}  // namespace

Async<void> Connection::run_stream() {
    const std::unique_ptr<OpenStream> stream = std::move(open_stream_);
    const bool chunked = !reader_.http_1_0();
    if (!chunked) keep_alive_ = false;
    log_answer(stream_head_->status);
    // An idle stream keeps only the state that it needs to continue.
    reader_.next();
    reader_.release();
    request_share_.release();
    route_ = {};
    if (!probing_) watch_client();
    for (;;) {
        wait_in(Phase::kStreaming, shard_.options.heartbeat);
        Async<EventStream::Batch> pending = stream->events->next();
        waiting_for_events_ = stream->events.get();
        EventStream::Batch batch = co_await std::move(pending);
        waiting_for_events_ = nullptr;
        if (client_.gone() || aborted_) break;
        if (batch.end == EventStream::End::kMore && shard_.draining && batch.items.empty()) {
            batch.end = EventStream::End::kDraining;
        }
        const bool last = batch.end != EventStream::End::kMore;
        co_await send_batch(stream->form, std::move(batch), chunked);
        if (last || broken_ || client_.gone() || aborted_) break;
    }
    if (client_.gone()) broken_ = true;
    phase_ = Phase::kWorking;
    heartbeat_due_ = false;
}

/// The next batch is read after the client has received this one, so a client that does not read
/// holds only one batch in memory.
Async<void> Connection::send_batch(const wire::AnswerForm& form, EventStream::Batch batch,
                                   bool chunked) {
    std::size_t next = 0;
    do {
        LargeTurns::Turn turn;
        if (next < batch.items.size()) {
            const std::size_t bytes = content_size(batch.items[next]);
            if (!hold_answer(bytes)) co_return break_off();
            if (bytes > kLargeEvent) turn = co_await large_turn();
        }
        if (write_batch(form, batch, next, chunked)) {
            turn = {};
            if (!hold_answer(shard_.out.size())) co_return break_off();
            co_await flush();
        }
        answer_share_.release();
    } while (next < batch.items.size() && !broken_ && !client_.gone() && !aborted_);
}

/// The client reconnects with the last id that it has seen, and misses nothing.
void Connection::break_off() {
    log::warn(
        "a stream ends: the server is at its limit of unsent bytes (A2AKIT_MAX_RESPONSE_BYTES) "
        "request_id={}",
        request_id_);
    std::string().swap(shard_.out);
    answer_share_.release();
    broken_ = true;
}

/// Encodes the items that are ready into the shard's buffer. False: there are none.
bool Connection::write_batch(const wire::AnswerForm& form, EventStream::Batch& batch,
                             std::size_t& next, bool chunked) {
    std::string& out = shard_.out;
    out.clear();
    if (stream_head_) {
        Framing how = framing();
        how.chunked = chunked;
        how.until_close = !chunked;
        append_head(out, *stream_head_, how);
        stream_head_.reset();
    }
    const std::size_t head_size = out.size();
    const std::size_t chunk = chunked ? begin_chunk(out) : 0;
    const std::size_t before = out.size();
    while (next < batch.items.size() && out.size() < kPiece) {
        StreamItem& item = batch.items[next];
        // They arrive as the only item.
        if (out.size() != before && content_size(item) > kLargeEvent) break;
        wire::encode_stream_item(form, item, out);
        item = {};
        ++next;
    }
    const bool last = batch.end != EventStream::End::kMore && next == batch.items.size();
    if (last) wire::encode_stream_end(form, batch, out);
    if (std::exchange(heartbeat_due_, false) && out.size() == before) wire::encode_heartbeat(out);
    if (out.size() == before)
        out.resize(head_size);
    else if (chunked)
        end_chunk(out, chunk);
    if (last && chunked) out.append(kLastChunk);
    return !out.empty();
}

/// Keeps a read pending only to notice when the client leaves. Bytes that it sends meanwhile belong
/// to its next request; the reader takes them over then.
void Connection::watch_client() {
    probing_ = true;
    socket_.start_read(probe_);
}

void Connection::on_client_sign() noexcept {
    const net::Socket::ReadResult& result = socket_.last_read();
    // From here on, the client's departure is noticed only when something is sent, at the latest
    // with the next heartbeat.
    if (!result.error && result.bytes != 0) return;
    client_.leave();
    if (waiting_for_events_ != nullptr) waiting_for_events_->wake();
}

}  // namespace a2akit::http
