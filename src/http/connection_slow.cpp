#include "core/log.hpp"
#include "core/log_text.hpp"
#include "http/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

// Slow responses. Clients and proxies give up on a connection that is silent for some seconds, so
// the head is sent ahead, followed by white space, which JSON allows before a value.

namespace a2akit::http {
namespace {

// The first white space is sent this much earlier than the heartbeat, because the client's timeout
// began before the request arrived. This is also the interval at which we check whether a send has
// been accepted.
constexpr int kPartOfHeartbeat = 16;

}  // namespace

bool Connection::can_keep_alive(const wire::Call& call) noexcept {
    // Notifications have no response body, and HTTP/1.0 has no chunks. A chat completion may have
    // another status in the end.
    return call.envelope.operation == Operation::kSendMessage && !reader_.http_1_0() &&
           call.version != wire::Version::kChat && (!call.json_rpc || !call.rpc_id.empty());
}

void Connection::wait_for_answer() {
    const Options& options = shard_.options;
    if (slow_call_ == nullptr) {
        white_space_at_ = SteadyTime::max();
        if (!probing_) wait_in(Phase::kAnswering, options.watch_client_after);
        return;
    }
    const Duration first = options.heartbeat - options.heartbeat / kPartOfHeartbeat;
    const Duration span = std::min(options.watch_client_after, first);
    wait_in(Phase::kAnswering, span);
    white_space_at_ = deadline_ + (first - span);
}

/// Watches the client, and sends white space while its response is not ready.
void Connection::on_slow_answer(SteadyTime now) noexcept {
    if (!probing_) watch_client();
    if (white_space_at_ == SteadyTime::max() || aborted_ || client_.gone()) {
        phase_ = Phase::kWorking;
        return;
    }
    if (white_space_at_ <= now) {
        const Duration heartbeat = shard_.options.heartbeat;
        if (client_.accepted()) {
            send_white_space();
            white_space_at_ = now + heartbeat;
        } else {
            // The request may still be refused, and then needs its own HTTP status.
            white_space_at_ = now + std::max(heartbeat / kPartOfHeartbeat, Duration(1));
        }
    }
    wait_in(Phase::kAnswering, std::chrono::ceil<Duration>(white_space_at_ - now));
}

void Connection::send_white_space() {
    std::string& out = unsent_;
    const bool begins = !std::exchange(answer_begun_, true);
    if (begins) {
        if (!slow_call_->json_rpc) client_.commit_to_result();
        Framing how = framing();
        how.chunked = true;
        append_head(out, wire::early_head(*slow_call_, client_.extensions()), how);
    }
    // Make nothing more for a client that does not read.
    if (begins || out.empty()) out.append("1\r\n \r\n");
    net::NetError error;
    out.erase(0, socket_.try_send(out, error));
    if (!error) return;
    broken_ = true;
    client_.leave();
}

Async<void> Connection::respond_late(std::string body) {
    answer_begun_ = false;
    log_answer(200);
    std::string& out = shard_.out;
    out.assign(unsent_);
    unsent_.clear();
    if (body.size() > kKeptOut) return respond_late_large(std::move(body));
    const std::size_t chunk = begin_chunk(out);
    out.append(body);
    end_chunk(out, chunk);
    out.append(kLastChunk);
    return flush_last();
}

Async<void> Connection::respond_late_large(std::string body) {
    fmt::format_to(std::back_inserter(shard_.out), "{:x}\r\n", body.size());
    co_await flush();
    if (!broken_) co_await flush_rest(std::move(body), 0);
    shard_.out.assign("\r\n").append(kLastChunk);
    co_await flush();
}

void Connection::cut_answer(const Error& error) {
    log::warn("an answer that had begun is cut off: the task cannot be read request_id={} error={}",
              request_id_, quoted(error.message));
    broken_ = true;
}

}  // namespace a2akit::http
