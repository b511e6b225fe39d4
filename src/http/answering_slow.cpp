#include "http/answering.hpp"

#include "core/log.hpp"
#include "core/log_text.hpp"

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

bool Answering::can_keep_alive(const wire::Call& call) noexcept {
    // Notifications have no response body, and HTTP/1.0 has no chunks. A chat completion may have
    // another status in the end.
    return call.envelope.operation == Operation::kSendMessage && !exchange_.http_1_0 &&
           call.version != wire::Version::kChat && (!call.json_rpc || !call.rpc_id.empty());
}

void Answering::wait_for_answer() {
    const Options& options = link_.options();
    if (slow_call_ == nullptr) {
        white_space_at_ = SteadyTime::max();
        if (!link_.watching()) link_.wait_in(Link::Phase::kAnswering, options.watch_client_after);
        return;
    }
    const Duration first = options.heartbeat - options.heartbeat / kPartOfHeartbeat;
    const Duration span = std::min(options.watch_client_after, first);
    link_.wait_in(Link::Phase::kAnswering, span);
    white_space_at_ = link_.deadline() + (first - span);
}

void Answering::on_slow_answer(SteadyTime now) noexcept {
    link_.watch_client();
    if (white_space_at_ == SteadyTime::max() || link_.ended()) {
        link_.work();
        return;
    }
    if (white_space_at_ <= now) {
        const Duration heartbeat = link_.options().heartbeat;
        if (link_.client().accepted()) {
            send_white_space();
            white_space_at_ = now + heartbeat;
        } else {
            // The request may still be refused, and then needs its own HTTP status.
            white_space_at_ = now + std::max(heartbeat / kPartOfHeartbeat, Duration(1));
        }
    }
    link_.wait_in(Link::Phase::kAnswering, std::chrono::ceil<Duration>(white_space_at_ - now));
}

void Answering::send_white_space() {
    std::string& out = unsent_;
    const bool begins = !std::exchange(answer_begun_, true);
    if (begins) {
        if (!slow_call_->json_rpc) link_.client().commit_to_result();
        Framing how = exchange_.framing();
        how.chunked = true;
        append_head(out, wire::early_head(*slow_call_, link_.client().extensions()), how);
    }
    // Make nothing more for a client that does not read.
    if (begins || out.empty()) out.append("1\r\n \r\n");
    net::NetError error;
    out.erase(0, link_.socket().try_send(out, error));
    if (!error) return;
    link_.set_broken();
    link_.client().leave();
}

Async<void> Answering::respond_late(std::string body) {
    answer_begun_ = false;
    intake_.log_answer(200);
    std::string& out = link_.state().out;
    out.assign(unsent_);
    unsent_.clear();
    if (body.size() > Link::kKeptOut) return respond_late_large(std::move(body));
    const std::size_t chunk = begin_chunk(out);
    out.append(body);
    end_chunk(out, chunk);
    out.append(kLastChunk);
    return link_.flush_last();
}

Async<void> Answering::respond_late_large(std::string body) {
    fmt::format_to(std::back_inserter(link_.state().out), "{:x}\r\n", body.size());
    co_await link_.flush();
    if (!link_.broken()) co_await link_.flush_rest(std::move(body), 0);
    link_.state().out.assign("\r\n").append(kLastChunk);
    co_await link_.flush();
}

void Answering::cut_answer(const Error& error) {
    log::warn("an answer that had begun is cut off: the task cannot be read request_id={} error={}",
              exchange_.request_id, quoted(error.message));
    link_.set_broken();
}

}  // namespace a2akit::http
