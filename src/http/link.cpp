#include "http/link.hpp"

#include <utility>

namespace a2akit::http {
namespace {

// Up to this size a buffer per connection is not worth counting.
constexpr std::size_t kUncountedAnswer = std::size_t{16} * 1024;
constexpr std::size_t kSpareBuffers = 32;

}  // namespace

Link::Link(LoopState& state, net::TcpSocket socket, Listener& listener)
    : state_(state),
      listener_(listener),
      socket_(std::move(socket), state.options.tls.get()),
      unsent_share_(state.load.responses()) {
    socket_.notify([](void* who) noexcept { static_cast<Link*>(who)->on_read_end(); }, this);
}

// -- Deadlines

void Link::wait_in(Phase phase, Duration span) {
    phase_ = phase;
    timed_out_ = false;
    deadline_ = state_.loop.now() + span;
    if (timer_.started() && armed_ <= deadline_) return;
    armed_ = deadline_;
    timer_.start(state_.loop, armed_);
}

void Link::on_timer() noexcept {
    if (phase_ == Phase::kWorking) return;
    const SteadyTime now = state_.loop.now();
    if (phase_ == Phase::kWriting && socket_.sent() != sent_before_) {
        sent_before_ = socket_.sent();
        deadline_ = now + state_.options.write_timeout;
    }
    if (deadline_ > now) {
        armed_ = deadline_;
        timer_.start(state_.loop, armed_);
        return;
    }
    if (phase_ == Phase::kAnswering || phase_ == Phase::kStreaming)
        return listener_.on_deadline(phase_, now);
    timed_out_ = true;
    socket_.cancel();
}

void Link::abort() noexcept {
    aborted_ = true;
    client_.leave();
    socket_.cancel();
}

// -- Sending

bool Link::hold_unsent(std::size_t bytes) noexcept {
    return bytes <= kUncountedAnswer || unsent_share_.grow_to(bytes);
}

Async<LargeTurns::Turn> Link::large_turn() {
    LargeTurns::Turn turn = co_await state_.large_turns.take();
    co_await net::end_of_turn(state_.loop);
    co_return turn;
}

Async<void> Link::flush_last() {
    auto& spare = state_.spare_buffers;
    std::string next;
    if (!spare.empty()) {
        next = std::move(spare.back());
        spare.pop_back();
    }
    std::string mine = std::exchange(state_.out, std::move(next));
    co_await net::end_of_turn(state_.loop);
    std::swap(state_.out, mine);
    if (spare.size() < kSpareBuffers && mine.capacity() <= kKeptOut)
        spare.push_back(std::move(mine));
    co_await flush();
}

Async<void> Link::flush() {
    std::string& out = state_.out;
    if (broken_) return {};
    net::NetError error;
    const std::size_t sent = socket_.try_send(out, error);
    if (error) {
        broken_ = true;
    } else if (sent < out.size()) {
        return flush_rest(std::exchange(out, std::string()), sent);
    }
    if (out.capacity() > kKeptOut) std::string().swap(out);
    return {};
}

Async<void> Link::flush_rest(std::string buffer, std::size_t sent) {
    // Do not keep a large buffer for a small rest.
    if (buffer.size() - sent < buffer.size() / 2) buffer = buffer.substr(std::exchange(sent, 0));
    const std::string_view rest = std::string_view(buffer).substr(sent);
    sent_before_ = socket_.sent();
    wait_in(Phase::kWriting, state_.options.write_timeout);
    const net::NetError error = co_await socket_.write(rest);
    phase_ = Phase::kWorking;
    if (error || aborted_) broken_ = true;
}

// -- Watching the client

void Link::watch_client() {
    if (std::exchange(watching_, true)) return;
    socket_.start_read(watched_);
}

std::string_view Link::take_watched() noexcept {
    if (!std::exchange(watching_, false)) return {};
    return {watched_.data(), socket_.last_read().bytes};
}

void Link::on_read_end() noexcept {
    const net::Socket::ReadResult& result = socket_.last_read();
    // From here on, the client's departure is noticed only when something is sent, at the latest
    // with the next heartbeat.
    if (!result.error && result.bytes != 0) return;
    client_.leave();
    listener_.on_departure();
}

}  // namespace a2akit::http
